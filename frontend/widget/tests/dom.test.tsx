import { beforeEach, expect, test, vi } from 'vitest'
import { type Child, draw, h } from '../src/dom'

let box: HTMLElement
beforeEach(() => {
  box = document.createElement('div')
})
const see = (child: Child) => {
  draw(box, child)
  return box.innerHTML
}

test('text is text', () => {
  expect(see(<p>{'<img src=x onerror=alert(1)>'}</p>)).toBe('<p>&lt;img src=x onerror=alert(1)&gt;</p>')
})

test('what is absent leaves no trace, a number does', () => {
  expect(see(<p class={undefined}>{[null, false, undefined, 0, ['a', ['b']]]}</p>)).toBe('<p>0ab</p>')
})

test('attributes come, change and go', () => {
  expect(see(<p class="a" dir="rtl" />)).toBe('<p class="a" dir="rtl"></p>')
  const before = box.firstChild
  expect(see(<p class="b" />)).toBe('<p class="b"></p>')
  expect(box.firstChild).toBe(before)
})

test('a boolean attribute is there or not', () => {
  expect(see(<p controls playsinline={false} />)).toBe('<p controls=""></p>')
})

test('keyed elements keep their nodes when others come before them', () => {
  const list = (keys: number[]) => (
    <ul>
      {keys.map(key => (
        <li key={key}>{key}</li>
      ))}
    </ul>
  )
  see(list([2, 3]))
  const [two, three] = box.querySelectorAll('li')
  expect(see(list([1, 3, 2, 4]))).toBe('<ul><li>1</li><li>3</li><li>2</li><li>4</li></ul>')
  expect([...box.querySelectorAll('li')].slice(1, 3)).toEqual([three, two])
  expect(see(list([]))).toBe('<ul></ul>')
})

test('an element that comes and goes does not shift those after it', () => {
  const page = (shown: boolean) => (
    <div>
      {shown && <p>now</p>}
      <textarea />
    </div>
  )
  see(page(false))
  const area = box.querySelector('textarea') as HTMLTextAreaElement
  area.value = 'typed'
  see(page(true))
  see(page(false))
  expect(box.querySelector('textarea')).toBe(area)
  expect(area.value).toBe('typed')
})

test('the latest handler is the one that hears', () => {
  const [first, second] = [vi.fn(), vi.fn()]
  see(<button onClick={first} />)
  see(<button onClick={second} />)
  box.querySelector('button')?.click()
  see(<button />)
  box.querySelector('button')?.click()
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1])
})

test('ref is told once, when the element is made', () => {
  const ref = vi.fn()
  see(<p ref={ref} />)
  see(<p ref={ref} class="x" />)
  expect(ref.mock.calls).toEqual([[box.firstChild]])
})

test('drawings are drawings', () => {
  see(
    <svg viewBox="0 0 1 1" aria-hidden="true">
      <path d="M0 0" />
    </svg>,
  )
  expect(box.querySelector('path')?.namespaceURI).toBe('http://www.w3.org/2000/svg')
})
