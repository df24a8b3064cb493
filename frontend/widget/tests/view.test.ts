import axe from 'axe-core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { BacktalkChat } from '../src/element'
import type { Content, Message, News, Outgoing } from '../src/types'

customElements.define('backtalk-chat', BacktalkChat)

let chat: BacktalkChat
let tell: (news: News) => void
let sent: Outgoing[]
let seq: number

beforeEach(() => {
  sent = []
  seq = 0
  sessionStorage.clear()
  document.documentElement.lang = 'en'
  chat = new BacktalkChat()
  chat.transport = {
    start: listener => {
      tell = listener
      tell({ kind: 'status', status: 'online' })
      tell({ kind: 'live' })
    },
    send: outgoing => {
      sent.push(outgoing)
      tell({ kind: 'waiting', outgoing })
    },
    stop: () => {},
  }
})
afterEach(() => {
  document.body.replaceChildren()
  vi.useRealTimers()
})

const settle = () => new Promise<void>(resolve => queueMicrotask(resolve))
const $ = <E extends HTMLElement>(selector: string) => chat.shadowRoot?.querySelector<E>(selector) as E
const $$ = (selector: string) => [...(chat.shadowRoot?.querySelectorAll<HTMLElement>(selector) ?? [])]

async function show(shape: 'inline' | 'full' | '' = 'inline'): Promise<void> {
  if (shape) chat.setAttribute(shape, '')
  document.body.append(chat)
  await settle()
}

async function say(content: Content, from: Message['from'] = 'bot'): Promise<void> {
  tell({ kind: 'message', message: { seq: ++seq, at: '2026-01-01T10:00:00Z', from, ...content } })
  await settle()
}

describe('messages', () => {
  beforeEach(() => show())

  test('row U01: markup in text is text', async () => {
    await say({ type: 'text', text: '<b onclick="x">bold</b> **star** {{x}} <<y>>' })
    expect($('.bubble').textContent).toBe('<b onclick="x">bold</b> **star** {{x}} <<y>>')
    expect($('.bubble').children).toHaveLength(0)
  })

  test('web addresses in text are links that give nothing away, the full stop after one is not', async () => {
    await say({ type: 'text', text: 'See https://shop.example/a?b=1. Not javascript:alert(1)' })
    const links = $$('.bubble a')
    expect(links.map(link => link.getAttribute('href'))).toEqual(['https://shop.example/a?b=1'])
    expect(links[0]?.getAttribute('rel')).toBe('noopener noreferrer')
  })

  test('buttons: sequences press their place, addresses and numbers are links, the rest is words', async () => {
    await say({ type: 'text', text: 'before' })
    await say({
      type: 'buttons',
      text: 'Choose',
      buttons: [
        { title: 'Go', type: 'sequence' },
        { title: 'Shop', type: 'url', value: 'https://shop.example/x' },
        { title: 'Call', type: 'phone', value: '+49 12' },
        { title: 'Bad', type: 'url', value: 'javascript:alert(1)' },
        { title: 'Label', type: 'basic' },
      ],
    })
    expect($$('.choice').map(choice => choice.localName)).toEqual(['button', 'a', 'a', 'span', 'span'])
    expect($$('a.choice').map(choice => choice.getAttribute('href'))).toEqual(['https://shop.example/x', 'tel:+4912'])
    expect($('a.choice .host').textContent).toBe('shop.example')
    $('button.choice').click()
    expect(sent[0]).toMatchObject({ title: 'Go', post: { press: { seq: 2, index: 0 } } })
  })

  test('quick replies float, and go when one is pressed', async () => {
    await say({
      type: 'quick_replies',
      text: 'Which?',
      replies: [
        { title: 'A', type: 'sequence' },
        { title: 'B', type: 'sequence' },
      ],
    })
    expect($$('.replies button').map(button => button.textContent)).toEqual(['A', 'B'])
    $$('.replies button')[1]?.click()
    await settle()
    expect($('.replies')).toBeNull()
    expect(sent[0]).toMatchObject({ post: { press: { seq: 1, index: 1 } } })
    expect($('[data-state=waiting] .bubble').textContent).toBe('B')
    expect(chat.shadowRoot?.activeElement?.localName).toBe('textarea')
  })

  test('row U04: an image is only an <img> without referrer, and never a broken one', async () => {
    await say({ type: 'image', url: 'https://shop.example/a.svg' })
    const image = $<HTMLImageElement>('img')
    expect(image.getAttribute('referrerpolicy')).toBe('no-referrer')
    expect(image.alt).toBe('Image')
    image.dispatchEvent(new Event('error'))
    await settle()
    expect($('img')).toBeNull()
    expect($('.lost').textContent).toContain('This could not be shown')
    expect($('.lost a').getAttribute('href')).toBe('https://shop.example/a.svg')
  })

  test.each(['audio', 'video'] as const)('%s has a player, until it fails', async type => {
    await say({ type, url: 'https://shop.example/a' })
    expect($(type).hasAttribute('controls')).toBe(true)
    $(type).dispatchEvent(new Event('error'))
    await settle()
    expect($('.lost')).not.toBeNull()
  })

  test('media at an address that must not be loaded is not loaded', async () => {
    await say({ type: 'image', url: 'javascript:alert(1)' })
    await say({ type: 'video', url: 'data:video/mp4,x' })
    expect($$('img, video, .lost a')).toEqual([])
    expect($$('.lost')).toHaveLength(2)
  })

  test('a gallery is one tab stop that the arrow keys move, and presses name card and button', async () => {
    const card = (title: string) => ({
      title,
      subtitle: 'line\nline',
      image: 'https://shop.example/a.png',
      url: 'https://shop.example/',
      buttons: [{ title: 'Buy', type: 'sequence' as const }],
    })
    await say({ type: 'gallery', items: [card('one'), card('two'), { title: 'bare', image: null, buttons: null }] })
    const stops = () => $$('.card').map(element => element.getAttribute('tabindex'))
    expect(stops()).toEqual(['0', '-1', '-1'])
    $('.card').focus()
    $('.card').dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }))
    expect(chat.shadowRoot?.activeElement?.getAttribute('aria-label')).toBe('2 of 3: two')
    expect(stops()).toEqual(['-1', '0', '-1'])
    expect($$('.card')[0]?.querySelector('button')?.getAttribute('tabindex')).toBe('-1')
    $$('.card')[1]?.querySelector('button')?.click()
    expect(sent[0]).toMatchObject({ post: { press: { seq: 1, index: [1, 0] } } })
    expect($('.card p').textContent).toBe('line\nline')
  })

  test('row U11: every title, text and name is isolated from the direction of its surroundings', async () => {
    await say({ type: 'text', text: '\u202egnp.exe' })
    await say({ type: 'buttons', text: '\u202ex', buttons: [{ title: '\u202ey', type: 'sequence' }] })
    await say({ type: 'gallery', items: [{ title: '\u202ez', subtitle: '\u202ew' }] })
    for (const element of $$('.bubble, .title, .card h3, .card p')) expect(element.dir).toBe('auto')
  })

  test('typing is shown while it lasts', async () => {
    tell({ kind: 'typing', on: true })
    await settle()
    expect($('.typing').textContent).toContain('is typing')
    tell({ kind: 'typing', on: false })
    await settle()
    expect($('.typing')).toBeNull()
  })

  test('an agent and a note are told apart from the bot', async () => {
    await say({ type: 'text', text: 'Ann here' }, 'agent')
    await say({ type: 'text', text: 'Ann joined' }, 'system')
    expect($('.run.agent .who').textContent).toBe('Agent')
    expect($('.run.system .bubble').textContent).toBe('Ann joined')
  })

  test('what was refused says why and can be sent again', async () => {
    const area = $<HTMLTextAreaElement>('textarea')
    area.value = 'too long'
    $('form').dispatchEvent(new Event('submit', { cancelable: true, bubbles: true }))
    expect(area.value).toBe('')
    tell({ kind: 'refused', client_id: sent[0]?.client_id ?? '', detail: 'That is too long.' })
    await settle()
    expect($('.refused').textContent).toContain('Not sent: That is too long.')
    $('.refused button').click()
    await settle()
    expect(sent.map(({ title }) => title)).toEqual(['too long', 'too long'])
    expect($('.refused')).toBeNull()
  })

  test('nothing is sent of blanks', () => {
    $<HTMLTextAreaElement>('textarea').value = ' \n '
    $('form').dispatchEvent(new Event('submit', { cancelable: true, bubbles: true }))
    expect(sent).toEqual([])
  })

  test('a lost connection says so and can be tried', async () => {
    vi.useFakeTimers()
    tell({ kind: 'status', status: 'offline' })
    await vi.advanceTimersByTimeAsync(1500)
    expect($('.banner').textContent).toContain('Connection lost')
    tell({ kind: 'status', status: 'online' })
    await vi.advanceTimersByTimeAsync(1)
    expect($('.banner')).toBeNull()
  })

  test('the past is loaded in silence, what comes after is announced', async () => {
    tell({ kind: 'reset' })
    await settle()
    expect($('.log').getAttribute('aria-live')).toBe('off')
    tell({ kind: 'live' })
    await settle()
    expect($('.log').getAttribute('aria-live')).toBe('polite')
  })

  test('every kind passes axe', async () => {
    await say({ type: 'buttons', text: 'Choose', buttons: [{ title: 'Go', type: 'sequence' }] })
    await say({ type: 'gallery', items: [{ title: 'one', url: 'https://shop.example/' }, { title: 'two' }] })
    await say({ type: 'quick_replies', text: 'Which?', replies: [{ title: 'A', type: 'sequence' }] })
    const { violations } = await axe.run(document.body, { rules: { region: { enabled: false } } })
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([])
  })
})

describe('the window', () => {
  test('opens from the launcher, closes on Escape, and the focus comes back', async () => {
    await show('')
    const happenings: string[] = []
    chat.on('open', () => happenings.push('open'))
    const end = chat.on('close', () => happenings.push('close'))
    expect($('.panel')).toBeNull()
    $('.launcher').click()
    expect($('.panel').getAttribute('role')).toBe('dialog')
    expect(chat.shadowRoot?.activeElement?.localName).toBe('textarea')
    $('textarea').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
    expect($('.panel')).toBeNull()
    expect(chat.shadowRoot?.activeElement).toBe($('.launcher'))
    end()
    chat.open()
    chat.close()
    expect(happenings).toEqual(['open', 'close', 'open'])
  })

  test('counts what is unread while it is closed', async () => {
    await show('')
    chat.open()
    await say({ type: 'text', text: 'seen' })
    chat.close()
    await say({ type: 'text', text: 'new' })
    await say({ type: 'text', text: 'own' }, 'customer')
    expect($('.badge').textContent).toBe('1')
    expect($('.launcher').getAttribute('aria-label')).toBe('Open chat, 1 unread')
    chat.open()
    await settle()
    chat.close()
    expect($('.badge')).toBeNull()
  })

  test('greets once per visit', async () => {
    vi.useFakeTimers()
    chat.dataset.greeting = 'Questions?'
    document.body.append(chat)
    await vi.advanceTimersByTimeAsync(2000)
    expect($('.teaser .words').textContent).toBe('Questions?')
    $('.teaser .round').click()
    await vi.advanceTimersByTimeAsync(1)
    expect($('.teaser')).toBeNull()
    chat.remove()
    document.body.append(chat)
    await vi.advanceTimersByTimeAsync(2000)
    expect($('.teaser')).toBeNull()
  })

  test('takes its words and direction from the page, its colour and title from attributes', async () => {
    document.documentElement.lang = 'ar'
    chat.title = 'المساعد'
    chat.dataset.color = '#ffcc00'
    await show('full')
    expect($('.root').dir).toBe('rtl')
    expect($('textarea').getAttribute('placeholder')).toBe('اكتب رسالة')
    expect($('h2').textContent).toBe('المساعد')
    expect(chat.hasAttribute('title')).toBe(false)
    expect(chat.shadowRoot?.adoptedStyleSheets[1]?.cssRules[0]?.cssText).toContain('--on: rgb(0,0,0)')
  })

  test('names of language and direction go before those of the page', async () => {
    document.documentElement.lang = 'ar'
    Object.assign(chat.dataset, { lang: 'en', dir: 'ltr' })
    await show()
    expect($('.root').dir).toBe('ltr')
    expect($('textarea').getAttribute('placeholder')).toBe('Write a message')
  })

  test('takes other words', async () => {
    chat.strings = { send: 'Go' }
    await show()
    expect($('.send').getAttribute('aria-label')).toBe('Go')
  })
})
