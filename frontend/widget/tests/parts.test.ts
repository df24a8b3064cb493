import { describe, expect, test } from 'vitest'
import { contrast, read, readableOn, shades } from '../src/colour'
import { choices, nothing, shownAfter } from '../src/conversation'
import { target } from '../src/gallery'
import { mediaUrl, phoneUrl, safeUrl } from '../src/links'
import { groups, when } from '../src/log'
import { isRightToLeft, stringsFor } from '../src/strings'
import type { Message } from '../src/types'

const said = (seq: number, from: Message['from'] = 'bot', at = '2026-01-01T10:00:00Z'): Message => ({
  seq,
  at,
  from,
  type: 'text',
  text: `m${seq}`,
})

describe('addresses (row U02)', () => {
  test.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    '\u0001javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>',
    'vbscript:x',
    'blob:https://x/1',
    'file:///etc/passwd',
    'not an address',
    '//shop.example',
    '/orders',
    '',
  ])('%j is no link', address => {
    expect(safeUrl(address)).toBeUndefined()
    expect(mediaUrl(address)).toBeUndefined()
  })

  test.each(['https://shop.example/', 'http://shop.example/', 'mailto:a@shop.example', 'tel:+4912'])(
    '%s is',
    address => {
      expect(safeUrl(address)?.href).toBe(address)
    },
  )

  test('row U04: only http(s) is loaded as media', () => {
    expect(mediaUrl('https://shop.example/a b".png')).toBe('https://shop.example/a%20b%22.png')
    expect(mediaUrl('mailto:a@shop.example')).toBeUndefined()
  })

  test('row U11: a host that imitates another is shown in ASCII', () => {
    expect(safeUrl('https://аpple.example/')?.host).toBe('xn--pple-43d.example')
  })

  test('row U03: a phone number keeps its digits only', () => {
    expect(phoneUrl('+49 (30) 12-34;ext=5')).toBe('tel:+493012345')
  })
})

describe('keys of a gallery', () => {
  test.each([
    ['ArrowRight', 0, false, 1],
    ['ArrowLeft', 1, false, 0],
    ['ArrowRight', 1, true, 0],
    ['ArrowLeft', 0, true, 1],
    ['ArrowLeft', 0, false, 0],
    ['ArrowRight', 3, false, 3],
    ['Home', 2, false, 0],
    ['End', 0, true, 3],
  ])('%s from %d, right to left: %s, leads to %d', (key, from, rightToLeft, to) => {
    expect(target(key, from, 4, rightToLeft)).toBe(to)
  })

  test.each(['Tab', 'Enter', 'a', 'constructor', 'ArrowDown'])('%s is not one', key => {
    expect(target(key, 1, 4, false)).toBeUndefined()
  })
})

describe('colours', () => {
  test('are read, or left', () => {
    expect(read('#fff')).toEqual([255, 255, 255])
    expect(read(' #0A7d4f ')).toEqual([10, 125, 79])
    for (const other of ['', 'red', '#ffff', 'rgb(0,0,0)', '#12345g', '}*{display:none'])
      expect(read(other)).toBeUndefined()
    expect(shades('red}*{')).toBe('')
  })

  test('stay readable, whatever the accent', () => {
    for (let value = 0; value < 0x1000; value += 7) {
      const colour = read(`#${value.toString(16).padStart(3, '0')}`) as [number, number, number]
      for (const ground of [
        [240, 240, 240],
        [45, 48, 53],
      ] as [number, number, number][])
        expect(contrast(readableOn(ground, colour), ground)).toBeGreaterThanOrEqual(4.5)
      const on = /--on:rgb\((.*?)\)/.exec(shades(`#${value.toString(16).padStart(3, '0')}`))?.[1]
      expect(contrast((on ?? '').split(',').map(Number) as never, colour)).toBeGreaterThanOrEqual(4.5)
    }
  })
})

describe('the log', () => {
  test('groups what one sender says together, and tells the time after a pause', () => {
    const made = groups([
      said(1),
      said(2),
      said(3, 'customer'),
      said(4),
      said(5, 'bot', '2026-01-01T10:06:00Z'),
      said(6, 'bot', '2026-01-01T11:00:00Z'),
    ])
    expect(made.map(group => group.messages.map(({ seq }) => seq))).toEqual([[1, 2], [3], [4], [5], [6]])
    expect(made.map(group => !!group.time)).toEqual([true, false, false, false, true])
  })

  test('survives a time that is none', () => {
    expect(groups([said(1, 'bot', 'soon'), said(2, 'bot', '')])).toHaveLength(1)
  })

  test('gives the date unless that is today', () => {
    const now = new Date(2026, 0, 2, 12)
    expect(when(new Date(2026, 0, 2, 9, 5), 'en', now)).toMatch(/^9:05\sAM$/)
    expect(when(new Date(2026, 0, 1, 9, 5), 'en', now)).toMatch(/^Jan 1, 2026/)
  })
})

describe('what is shown', () => {
  const replies: Message = {
    ...said(1),
    type: 'quick_replies',
    text: 'Which?',
    replies: [{ title: 'A', type: 'sequence' }],
  }
  const with_replies = shownAfter(nothing, { kind: 'message', message: replies })
  const outgoing = { client_id: 'c', at: 1, title: 'A', post: { text: 'A' } }

  test('quick replies stay while only the bot talks, and go once the customer has', () => {
    expect(choices(with_replies)?.seq).toBe(1)
    expect(choices(shownAfter(with_replies, { kind: 'message', message: said(2) }))?.seq).toBe(1)
    expect(choices(shownAfter(with_replies, { kind: 'message', message: said(2, 'customer') }))).toBeUndefined()
    const waiting = shownAfter(with_replies, { kind: 'waiting', outgoing })
    expect(choices(waiting)).toBeUndefined()
    expect(choices(shownAfter(waiting, { kind: 'refused', client_id: 'c', detail: '' }))?.seq).toBe(1)
  })

  test('what waits goes when the log shows it, by its id or by the seq it was accepted under', () => {
    const waiting = shownAfter(nothing, { kind: 'waiting', outgoing })
    const own = said(4, 'customer')
    expect(shownAfter(waiting, { kind: 'message', message: { ...own, client_id: 'c' } }).waiting).toEqual([])
    const accepted = shownAfter(waiting, { kind: 'accepted', client_id: 'c', seq: 4 })
    expect(accepted.waiting).toHaveLength(1)
    expect(shownAfter(accepted, { kind: 'message', message: own }).waiting).toEqual([])
    const late = shownAfter(shownAfter(waiting, { kind: 'message', message: own }), {
      kind: 'accepted',
      client_id: 'c',
      seq: 4,
    })
    expect(late.waiting).toEqual([])
  })

  test('a reset forgets the messages, not the state of the connection', () => {
    const online = shownAfter(with_replies, { kind: 'status', status: 'online' })
    expect(shownAfter(online, { kind: 'reset' })).toEqual({ ...nothing, status: 'online' })
  })
})

describe('words', () => {
  test('come in the language of the page, else in English', () => {
    expect(stringsFor('ar-EG').send).toBe('إرسال')
    expect(stringsFor('xx').send).toBe('Send')
    expect(stringsFor('').send).toBe('Send')
  })

  test('of every language fill the same places', () => {
    const en = stringsFor('en')
    for (const language of ['ar'])
      for (const [name, text] of Object.entries(stringsFor(language)))
        expect([name, text.match(/\{\w+\}/g)]).toEqual([name, en[name as keyof typeof en].match(/\{\w+\}/g)])
  })

  test('run from the right where they should', () => {
    for (const language of ['ar', 'he-IL', 'fa', 'ur']) expect(isRightToLeft(language)).toBe(true)
    for (const language of ['en', 'arn', 'de', '']) expect(isRightToLeft(language)).toBe(false)
  })
})
