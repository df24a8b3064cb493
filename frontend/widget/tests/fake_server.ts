// The server's side of the web chat interface for tests: one conversation, `fetch` and `WebSocket` in its hands.

import { vi } from 'vitest'
import type { Message, Post } from '../src/types'

type Body = Post & { client_id: string; user_id?: string }

export class FakeServer {
  log: Message[] = []
  posts: Body[] = []
  sessions: Record<string, unknown>[] = []
  sockets: FakeSocket[] = []
  token = ''
  reachable = true
  sockets_work = true
  answers_posts = true
  refuses: { status: number; code: string; detail: string } | undefined

  constructor() {
    const server = this
    vi.stubGlobal('fetch', (address: string, init: RequestInit) => this.fetch(new URL(address), init))
    vi.stubGlobal(
      'WebSocket',
      class extends FakeSocket {
        constructor(address: string) {
          super(server, address)
          server.sockets.push(this)
        }
      },
    )
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1) as FakeSocket
  }

  say(text: string, rest: Partial<Message> = {}): Message {
    const message = {
      seq: this.log.length + 1,
      at: '2026-01-01T10:00:00Z',
      from: 'bot',
      type: 'text',
      text,
      ...rest,
    } as Message
    this.log.push(message)
    for (const socket of this.sockets) if (socket.ready) socket.push({ type: 'message', message })
    return message
  }

  take(body: Body): number {
    const known = this.log.find(message => message.client_id === body.client_id)
    if (known) return known.seq
    this.posts.push(body)
    const text = 'text' in body ? body.text : `pressed ${JSON.stringify(body.press.index)}`
    return this.say(text, { from: 'customer', client_id: body.client_id }).seq
  }

  private async fetch(url: URL, init: RequestInit): Promise<Response> {
    await Promise.resolve()
    if (!this.reachable) throw new TypeError('Failed to fetch')
    const body = init.body ? JSON.parse(String(init.body)) : undefined
    if (url.pathname.endsWith('/sessions')) {
      this.sessions.push(body)
      this.token = `token-${this.sessions.length}`
      this.log = this.sessions.length > 1 ? [] : this.log
      return Response.json({ token: this.token, cursor: this.log.length }, { status: 201 })
    }
    if ((init.headers as Record<string, string>).Authorization !== `Bearer ${this.token}`)
      return Response.json({ code: 'sign_in_required', detail: '' }, { status: 401 })
    if (this.refuses && body) return Response.json(this.refuses, { status: this.refuses.status })
    if (body) return Response.json({ seq: this.take(body) }, { status: 202 })
    const after = Number(url.searchParams.get('after'))
    if (url.searchParams.get('wait') && this.log.length <= after)
      await new Promise((resolve, reject) => {
        setTimeout(resolve, 1000)
        init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
      })
    return Response.json({ messages: this.log.slice(after, after + 3), cursor: this.log.length })
  }
}

export class FakeSocket {
  onopen: (() => void) | null = null
  onclose: (() => void) | null = null
  onerror: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  ready = false
  closed = false
  dropped = false
  sent: Record<string, unknown>[] = []
  readonly after: number
  readonly server: FakeServer

  constructor(server: FakeServer, address: string) {
    this.server = server
    this.after = Number(new URL(address).searchParams.get('after'))
    queueMicrotask(() => {
      if (server.reachable && server.sockets_work) this.onopen?.()
      else if (!server.reachable) this.onerror?.()
    })
  }

  send(text: string): void {
    if (this.closed || this.dropped) return
    const frame = JSON.parse(text)
    this.sent.push(frame)
    if (frame.token) this.greet(frame.token)
    else this.answer(frame)
  }

  private answer(frame: Body & { type?: string }): void {
    const { refuses } = this.server
    const answer =
      frame.type === 'ping'
        ? { type: 'pong' }
        : refuses
          ? { type: 'error', client_id: frame.client_id, ...refuses }
          : { type: 'accepted', client_id: frame.client_id, seq: this.server.take(frame) }
    if (this.server.answers_posts) this.push(answer)
  }

  private greet(token: string): void {
    if (token !== this.server.token) {
      this.push({ type: 'error', code: 'sign_in_required', detail: '' })
      return
    }
    for (const message of this.server.log.slice(this.after)) this.push({ type: 'message', message })
    this.ready = true
    this.push({ type: 'ready', cursor: this.server.log.length })
  }

  push(frame: unknown): void {
    if (!this.closed) this.onmessage?.({ data: JSON.stringify(frame) })
  }

  drop(): void {
    this.ready = false
    this.dropped = true
    this.onclose?.()
  }

  close(): void {
    this.closed = true
    this.ready = false
  }
}
