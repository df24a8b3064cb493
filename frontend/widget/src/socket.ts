// One WebSocket from opening to end: signs in, beats, and calls a connection dead that has gone silent.

import type { Message, Outgoing } from './types'

export type Frame =
  | { type: 'ready'; cursor: number }
  | { type: 'message'; message: Message }
  | { type: 'typing'; on: boolean }
  | { type: 'accepted'; client_id: string; seq: number }
  | { type: 'error'; client_id?: string; code: string; detail: string }
  | { type: 'pong' }

const PATIENCE_MS = 8_000 // a socket that a page's policy blocks may report neither an error nor its end
const BEAT_MS = 25_000

export class Socket {
  readonly #socket: WebSocket
  #dog: ReturnType<typeof setTimeout> | undefined
  #beat: ReturnType<typeof setInterval> | undefined
  #onEnd: (() => void) | undefined

  constructor(url: string, token: string, onFrame: (frame: Frame) => void, onEnd: () => void) {
    this.#onEnd = onEnd
    this.#socket = new WebSocket(url)
    this.#watch()
    this.#socket.onopen = () => this.#socket.send(JSON.stringify({ token }))
    this.#socket.onclose = this.#socket.onerror = () => this.end()
    this.#socket.onmessage = event => {
      let frame: Frame
      try {
        frame = JSON.parse(String(event.data)) as Frame
      } catch {
        return // not ours
      }
      this.#calm()
      if (frame.type === 'ready') this.#beat = setInterval(() => this.ping(), BEAT_MS)
      onFrame(frame)
    }
  }

  send({ client_id, post }: Outgoing): void {
    this.#socket.send(JSON.stringify({ client_id, ...post }))
    this.#watch()
  }

  /** Ends it and says so once. */
  end(): void {
    const onEnd = this.#onEnd
    if (!onEnd) return
    this.#onEnd = undefined
    this.#calm()
    clearInterval(this.#beat)
    const socket = this.#socket
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null
    try {
      socket.close()
    } catch {
      // it never came to be
    }
    onEnd()
  }

  ping(): void {
    this.#socket.send('{"type":"ping"}')
    this.#watch()
  }

  #watch(): void {
    this.#dog ??= setTimeout(() => this.end(), PATIENCE_MS)
  }

  #calm(): void {
    clearTimeout(this.#dog)
    this.#dog = undefined
  }
}
