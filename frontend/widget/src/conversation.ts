// What is on screen, as a value: messages, what waits to be sent, who types; and the object that keeps it up to date.

import type { Button, Message, News, Outgoing, Place, Post, Status, Transport } from './types'

export type Waiting = Outgoing & { refused?: string; seq?: number }
export type Shown = {
  messages: readonly Message[]
  waiting: readonly Waiting[]
  typing: boolean
  status: Status
  live: boolean
}

export const nothing: Shown = { messages: [], waiting: [], typing: false, status: 'connecting', live: false }

export function shownAfter(shown: Shown, news: News): Shown {
  switch (news.kind) {
    case 'message': {
      const { seq, client_id } = news.message
      if (shown.messages.some(known => known.seq === seq)) return shown
      const messages = [...shown.messages, news.message].sort((one, other) => one.seq - other.seq)
      const waiting = shown.waiting.filter(own => own.client_id !== client_id && own.seq !== seq)
      return { ...shown, messages, waiting }
    }
    case 'waiting': {
      const waiting = shown.waiting.filter(own => own.client_id !== news.outgoing.client_id)
      return { ...shown, waiting: [...waiting, news.outgoing] }
    }
    case 'accepted': // stays until the log shows it, so that nothing flickers
      if (shown.messages.some(({ seq }) => seq === news.seq))
        return { ...shown, waiting: shown.waiting.filter(own => own.client_id !== news.client_id) }
      return { ...shown, waiting: changed(shown.waiting, news.client_id, { seq: news.seq }) }
    case 'refused':
      return { ...shown, waiting: changed(shown.waiting, news.client_id, { refused: news.detail }) }
    case 'typing':
      return { ...shown, typing: news.on }
    case 'status':
      return { ...shown, status: news.status }
    case 'live':
      return { ...shown, live: true }
    case 'reset':
      return { ...nothing, status: shown.status }
  }
}

const changed = (waiting: readonly Waiting[], id: string, change: Partial<Waiting>): Waiting[] =>
  waiting.map(own => (own.client_id === id ? { ...own, ...change } : own))

/** The choices that float above the input: those of the newest such message, until the customer has said something. */
export function choices(shown: Shown): { seq: number; replies: readonly Button[] } | undefined {
  if (shown.waiting.some(own => own.refused === undefined)) return undefined
  for (const message of [...shown.messages].reverse()) {
    if (message.from === 'customer') return undefined
    if (message.type === 'quick_replies') return { seq: message.seq, replies: message.replies }
  }
  return undefined
}

const newId = (): string =>
  crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16)).join('')

export type Happening = 'open' | 'close' | 'message' | 'status' | 'unread'

const QUIET_MS = 1_200 // a connection that is back within this was never worth a word

export class Conversation {
  shown: Shown = nothing
  started = false
  #read = 0
  #offline: ReturnType<typeof setTimeout> | undefined
  readonly #transport: Transport
  readonly #remember: { read: number }
  readonly #say: (happening: Happening, detail: unknown) => void
  readonly #changed: () => void

  constructor(
    transport: Transport,
    remember: { read: number } = { read: 0 },
    say: (happening: Happening, detail: unknown) => void = () => {},
    changed: () => void = () => {},
  ) {
    this.#transport = transport
    this.#remember = remember
    this.#read = remember.read
    this.#say = say
    this.#changed = changed
  }

  start(): void {
    if (this.started) return
    this.started = true
    this.#transport.start(news => this.#hear(news))
  }

  stop(): void {
    if (!this.started) return
    this.started = false
    clearTimeout(this.#offline)
    this.#transport.stop()
  }

  text(text: string): void {
    this.#send({ text }, text)
  }

  press(seq: number, index: Place, title: string): void {
    this.#send({ press: { seq, index } }, title)
  }

  again(own: Waiting): void {
    this.#show({ ...this.shown, waiting: this.shown.waiting.filter(({ client_id }) => client_id !== own.client_id) })
    this.#send(own.post, own.title)
  }

  wake(): void {
    this.#transport.wake?.()
  }

  get unread(): number {
    return this.shown.messages.filter(({ from, seq }) => from !== 'customer' && seq > this.#read).length
  }

  markRead(): void {
    const newest = this.shown.messages.at(-1)?.seq ?? 0
    if (newest <= this.#read) return
    this.#read = this.#remember.read = newest
    this.#say('unread', 0)
    this.#show(this.shown)
  }

  #send(post: Post, title: string): void {
    this.start()
    this.#transport.send({ client_id: newId(), at: Date.now(), title, post })
  }

  #hear(news: News): void {
    if (news.kind === 'status') {
      if (news.status === 'offline' && this.shown.status === 'online') {
        this.#offline ??= setTimeout(() => this.#apply(news), QUIET_MS)
        return
      }
      clearTimeout(this.#offline)
      this.#offline = undefined
    }
    if (news.kind === 'reset') this.#read = this.#remember.read
    const { live } = this.shown
    this.#apply(news)
    if (news.kind === 'message' && live) {
      this.#say('message', news.message)
      if (news.message.from !== 'customer') this.#say('unread', this.unread)
    }
  }

  #apply(news: News): void {
    const { status } = this.shown
    this.#show(shownAfter(this.shown, news))
    if (this.shown.status !== status) this.#say('status', this.shown.status)
  }

  #show(shown: Shown): void {
    this.shown = shown
    this.#changed()
  }
}
