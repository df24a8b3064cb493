import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Conversation } from '../src/conversation'
import { ServerTransport } from '../src/transport'
import { FakeServer } from './fake_server'

let server: FakeServer
let talks: Conversation[]

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  server = new FakeServer()
  talks = []
})
afterEach(() => {
  for (const talk of talks) talk.stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const pass = (ms = 5) => vi.advanceTimersByTimeAsync(ms)

let channels = 0

async function open(channel = `channel-${++channels}`): Promise<{ talk: Conversation; transport: ServerTransport }> {
  const transport = new ServerTransport('https://chat.example/base/', channel)
  const talk = new Conversation(transport, transport.memory)
  talks.push(talk)
  talk.start()
  await pass()
  return { talk, transport }
}

const seqs = (talk: Conversation) => talk.shown.messages.map(({ seq }) => seq)
const texts = (talk: Conversation) => talk.shown.messages.map(message => ('text' in message ? message.text : ''))

describe('a session', () => {
  test('starts with the history, page by page, then follows the socket', async () => {
    for (let i = 1; i <= 7; i++) server.say(`m${i}`)
    const { talk } = await open()
    expect(seqs(talk)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(server.socket.after).toBe(7)
    expect(talk.shown).toMatchObject({ status: 'online', live: true })
    server.say('m8')
    expect(seqs(talk)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('is told the language and time zone, and is remembered for the next page', async () => {
    await open('a2')
    const profile = { locale: navigator.language, timezone: expect.any(Number) }
    expect(server.sessions[0]).toMatchObject({ profile })
    await open('a2')
    expect(server.sessions).toHaveLength(1)
  })

  test('works where the page may not store anything', async () => {
    vi.spyOn(Storage.prototype, 'getItem').mockImplementation(() => {
      throw new DOMException('blocked', 'SecurityError')
    })
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    const { talk } = await open()
    talk.text('hello')
    expect(texts(talk)).toEqual(['hello'])
    server.socket.drop()
    await pass(600)
    expect(server.sessions).toHaveLength(1)
  })

  test('that the server does not know any more gives way to a new one; what was written goes there, presses do not', async () => {
    const { talk, transport } = await open()
    server.say('old')
    server.reachable = false
    server.socket.drop()
    talk.press(1, 0, 'Old choice')
    talk.text('still me')
    await pass(100)
    transport.memory.session = { token: 'expired' }
    server.reachable = true
    transport.wake()
    await pass(2000)
    expect(server.sessions).toHaveLength(2)
    expect(server.posts.map(post => ('text' in post ? post.text : 'a press'))).toEqual(['still me'])
    expect(texts(talk)).toEqual(['still me'])
  })
})

describe('news', () => {
  test('that leave a gap are fetched, in order, once each', async () => {
    const { talk } = await open()
    server.say('one')
    server.socket.ready = false // what the server says now does not arrive
    for (const text of ['two', 'three', 'four', 'five', 'six']) server.say(text)
    server.socket.push({ type: 'message', message: server.log[5] })
    expect(seqs(talk)).toEqual([1])
    await pass()
    expect(seqs(talk)).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('that the log does not hold end the connection instead of asking for ever', async () => {
    const { talk } = await open()
    server.socket.push({ type: 'message', message: { seq: 9, at: '', from: 'bot', type: 'text', text: 'ghost' } })
    await pass(600)
    expect(server.sockets).toHaveLength(2)
    expect(seqs(talk)).toEqual([])
  })

  test('that come twice are shown once', async () => {
    const { talk } = await open()
    const message = server.say('one')
    server.socket.push({ type: 'message', message })
    expect(seqs(talk)).toEqual([1])
  })

  test('missed while away come after the reconnection, without the rest again', async () => {
    const { talk } = await open()
    server.say('one')
    server.socket.drop()
    server.say('two')
    await pass(600)
    expect(server.socket.after).toBe(1)
    expect(texts(talk)).toEqual(['one', 'two'])
  })

  test('from a server that went back in time begin the log anew', async () => {
    const { talk } = await open()
    server.say('one')
    server.say('two')
    server.socket.drop()
    server.log = []
    server.say('restored')
    await pass(600)
    expect(texts(talk)).toEqual(['restored'])
    expect(talk.shown.live).toBe(true)
  })

  test('of typing end with the connection', async () => {
    const { talk } = await open()
    server.socket.push({ type: 'typing', on: true })
    expect(talk.shown.typing).toBe(true)
    server.socket.drop()
    await pass()
    expect(talk.shown.typing).toBe(false)
  })

  test.each(['not json', '{"type":"news of a later version"}'])('that mean nothing change nothing: %s', async data => {
    const { talk } = await open()
    server.socket.onmessage?.({ data })
    server.say('fine')
    expect(texts(talk)).toEqual(['fine'])
  })
})

describe('what is sent', () => {
  test('shows at once, and gives way to what the server made of it', async () => {
    const { talk } = await open()
    server.answers_posts = false
    server.take = () => 0
    talk.text('hello')
    expect(talk.shown.waiting.map(own => own.title)).toEqual(['hello'])
    const { client_id } = talk.shown.waiting[0] as { client_id: string }
    server.say('hello', { from: 'customer', client_id })
    expect(talk.shown.waiting).toEqual([])
    expect(texts(talk)).toEqual(['hello'])
  })

  test('while offline is kept over a new page and goes out once, in order', async () => {
    const { talk } = await open('c2')
    server.reachable = false
    server.socket.drop()
    await pass(1300)
    expect(talk.shown.status).toBe('offline')
    talk.text('one')
    await pass(2)
    talk.text('two')
    talk.stop()
    const again = await open('c2')
    expect(again.talk.shown.waiting.map(own => own.title)).toEqual(['one', 'two'])
    server.reachable = true
    window.dispatchEvent(new Event('online'))
    await pass(50)
    expect(server.posts.map(post => 'text' in post && post.text)).toEqual(['one', 'two'])
    expect(again.talk.shown.waiting).toEqual([])
    expect(texts(again.talk)).toEqual(['one', 'two'])
  })

  test('is sent again under the same id when the answer never came, and counts once', async () => {
    const { talk } = await open()
    server.answers_posts = false
    const take = server.take.bind(server)
    server.take = body => {
      const known = server.log.length
      const seq = take(body)
      if (server.log.length > known) server.socket.drop()
      return seq
    }
    talk.text('once')
    server.answers_posts = true
    await pass(3000)
    expect(server.posts).toHaveLength(1)
    expect(texts(talk)).toEqual(['once'])
    expect(talk.shown.waiting).toEqual([])
  })

  test('names the place of a press', async () => {
    const { talk } = await open()
    talk.press(4, [1, 2], 'Buy')
    expect(server.posts[0]).toMatchObject({ press: { seq: 4, index: [1, 2] } })
  })

  test('and refused says why, does not hold up the next, and can be tried again', async () => {
    const { talk } = await open()
    server.refuses = { status: 422, code: 'invalid', detail: 'That is too long.' }
    talk.text('bad')
    expect(talk.shown.waiting).toMatchObject([{ title: 'bad', refused: 'That is too long.' }])
    server.refuses = undefined
    talk.text('good')
    expect(texts(talk)).toEqual(['good'])
    const [bad] = talk.shown.waiting
    talk.again(bad as never)
    expect(texts(talk)).toEqual(['good', 'bad'])
    expect(talk.shown.waiting).toEqual([])
  })

  test('too fast waits and goes out later', async () => {
    const { talk } = await open()
    server.refuses = { status: 429, code: 'too_many', detail: '' }
    talk.text('patient')
    expect(talk.shown.waiting[0]?.refused).toBeUndefined()
    server.refuses = undefined
    await pass(2000)
    expect(texts(talk)).toEqual(['patient'])
  })
})

describe('a connection', () => {
  test('that goes silent is given up after 8 s and made anew', async () => {
    const { talk } = await open()
    server.answers_posts = false
    await pass(25_000)
    expect(server.sockets).toHaveLength(1)
    await pass(8_600)
    expect(server.sockets).toHaveLength(2)
    expect(talk.shown.status).toBe('online')
  })

  test('over sockets that report nothing becomes long polling, which sends and receives', async () => {
    server.sockets_work = false
    const { talk } = await open()
    await pass(18_000)
    expect(talk.shown.status).toBe('online')
    talk.text('hello')
    await pass(50)
    server.say('hi')
    await pass(1100)
    expect(texts(talk)).toEqual(['hello', 'hi'])
    expect(talk.shown.waiting).toEqual([])
    expect(server.sockets).toHaveLength(2)
  })

  test('that may not even be tried becomes long polling at once', async () => {
    vi.stubGlobal(
      'WebSocket',
      class {
        constructor() {
          throw new DOMException('mixed content', 'SecurityError')
        }
      },
    )
    const { talk } = await open()
    await pass(2000)
    expect(talk.shown.status).toBe('online')
  })

  test('lost and found within a moment is not worth a word', async () => {
    const { talk } = await open()
    const statuses: string[] = []
    const { shown } = talk
    server.socket.drop()
    for (let i = 0; i < 60; i++) {
      await pass(10)
      statuses.push(talk.shown.status)
    }
    expect(shown.status).toBe('online')
    expect(new Set(statuses)).toEqual(new Set(['online']))
  })

  test('is tried ever more slowly, at most every 30 s', async () => {
    server.reachable = false
    let tries = 0
    const { fetch } = globalThis
    vi.stubGlobal('fetch', (...args: Parameters<typeof fetch>) => {
      tries++
      return fetch(...args)
    })
    await open()
    await pass(60_000)
    expect(tries).toBeGreaterThan(5)
    expect(tries).toBeLessThan(12)
    const before = tries
    await pass(60_000)
    expect(tries - before).toBeLessThanOrEqual(4)
    expect(tries - before).toBeGreaterThanOrEqual(2)
  })

  test('to a channel that is gone is called unavailable', async () => {
    vi.stubGlobal('fetch', async () => Response.json({ code: 'not_found', detail: '' }, { status: 404 }))
    const { talk } = await open()
    expect(talk.shown.status).toBe('unavailable')
  })

  test('ends for good with stop()', async () => {
    const { talk } = await open()
    talk.stop()
    await pass(60_000)
    expect(server.sockets).toHaveLength(1)
    expect(server.socket.closed).toBe(true)
  })
})

describe('identify()', () => {
  test('another person gets another conversation, and nothing unsent of the one before', async () => {
    const { talk, transport } = await open()
    transport.identify({ user_id: 'ann', user_hash: 'aa' })
    await pass()
    expect(server.sessions[1]).toMatchObject({ user_id: 'ann', user_hash: 'aa' })
    server.say('for ann')
    server.reachable = false
    server.socket.drop()
    talk.text('from ann')
    server.reachable = true
    transport.identify({ user_id: 'bob', user_hash: 'bb' })
    await pass(2000)
    expect(server.sessions).toHaveLength(3)
    expect(talk.shown.messages).toEqual([])
    expect(server.posts).toEqual([])
  })

  test('the same person again changes nothing', async () => {
    const { transport } = await open()
    transport.identify({ user_id: 'ann', user_hash: 'aa' })
    await pass()
    transport.identify({ user_id: 'ann', user_hash: 'aa' })
    await pass(1000)
    expect(server.sessions).toHaveLength(2)
  })

  test('nobody, for a visitor who never had a name, keeps the conversation', async () => {
    const { transport } = await open()
    transport.identify(null)
    await pass(1000)
    expect(server.sessions).toHaveLength(1)
  })

  test('signing out begins anew', async () => {
    const { transport } = await open()
    transport.identify({ user_id: 'ann', user_hash: 'aa' })
    await pass()
    transport.identify(null)
    await pass()
    expect(server.sessions).toHaveLength(3)
    expect(server.sessions[2]).not.toHaveProperty('user_id')
  })
})
