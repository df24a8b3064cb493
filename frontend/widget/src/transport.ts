// Keeps one conversation in step with the server: history, news, what is unsent, and every way a connection can end.
//
// The server's log is the truth and is taken in strictly by `seq`: a gap is fetched, a repetition is dropped.
// What the customer does goes out one at a time under a `client_id`, and is forgotten only when the server has it, so
// that it arrives once whatever happens in between. A socket brings the news; where none comes about, long polling.

import { Memory } from './memory'
import { Outbox } from './outbox'
import { mayPass, Refusal, Server } from './server'
import { type Frame, Socket } from './socket'
import type { Identity, Message, News, Outgoing, Transport } from './types'

const SHORTEST_MS = 500
const LONGEST_MS = 30_000
const STEADY_MS = 10_000 // a connection that lasted this long proves that the server is well
const POLL_S = 25
const SOCKET_TRIES = 2 // failures in a row before long polling takes over
const SOCKET_AGAIN_MS = 300_000

export class ServerTransport implements Transport {
  readonly memory: Memory
  readonly #server: Server
  readonly #outbox: Outbox
  #tell: (news: News) => void = () => {}
  #identity: Identity = {}
  #last = 0
  #loaded = false
  #tries = 0
  #socketFailures = 0
  #socketAgainAt = 0
  #onlineAt = Number.POSITIVE_INFINITY
  #logOf: string | undefined // the token of the conversation that is shown
  #stop: AbortController | undefined // of everything
  #cut: AbortController | undefined // of the present connection
  #endPause: (() => void) | undefined
  #probe: (() => void) | undefined // asks the present socket whether it lives

  constructor(base: string, channel: string) {
    this.#server = new Server(base, channel)
    this.memory = new Memory(channel)
    this.#outbox = new Outbox(this.memory, news => this.#tell(news))
  }

  start(tell: (news: News) => void): void {
    if (this.#stop) return
    this.#tell = tell
    this.#stop = new AbortController()
    addEventListener('online', this.wake)
    document.addEventListener('visibilitychange', this.wake)
    this.#forget()
    void this.#run(this.#stop.signal)
  }

  stop(): void {
    this.#stop?.abort()
    this.#stop = undefined
    this.#cut?.abort()
    this.#endPause?.()
    this.#closeWays()
    removeEventListener('online', this.wake)
    document.removeEventListener('visibilitychange', this.wake)
  }

  send(outgoing: Outgoing): void {
    this.#outbox.add(outgoing)
    this.#endPause?.()
  }

  /** Tries at once instead of after the pause. */
  wake = (): void => {
    if (document.visibilityState === 'hidden') return
    this.#probe?.()
    if (!this.#endPause) return
    this.#tries = 0
    this.#endPause()
  }

  /** Another person: another conversation. The same person again changes nothing. */
  identify(identity: Identity | null): void {
    this.#identity = identity ?? {}
    const session = this.memory.session
    if (session?.user_id === this.#identity.user_id) return
    if (session) this.#endSession(session.user_id !== undefined)
    this.#cut?.abort()
    this.#endPause?.()
  }

  #closeWays(): void {
    this.#probe = undefined
    this.#outbox.close()
  }

  #endSession(dropAll = false): void {
    this.#outbox.clear(dropAll ? 'all' : 'presses')
    this.memory.session = undefined
    this.#forget()
  }

  #forget(): void {
    this.#last = 0
    this.#loaded = false
    this.#tell({ kind: 'reset' })
    this.#outbox.tellAll()
  }

  async #run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      this.#cut = new AbortController()
      const cut = this.#cut.signal
      this.#onlineAt = Number.POSITIVE_INFINITY
      let failure: unknown
      try {
        await this.#connected(cut)
      } catch (error) {
        failure = error
      }
      if (stop.aborted) return
      this.#closeWays()
      if (cut.aborted) continue // another person
      if (Date.now() - this.#onlineAt > STEADY_MS) this.#tries = 0
      this.#tell({ kind: 'typing', on: false })
      await this.#pause(failure === undefined ? 0 : this.#understand(failure))
    }
  }

  /** What a failure means for the session and the status; how long the server asked us to wait. */
  #understand(failure: unknown): number {
    const status = failure instanceof Refusal ? failure.status : 0
    if (status === 401) {
      this.#endSession()
      return 0
    }
    const hopeless = status >= 400 && !mayPass(status)
    this.#tell({ kind: 'status', status: hopeless ? 'unavailable' : 'offline' })
    return hopeless ? LONGEST_MS : failure instanceof Refusal ? failure.retryAfterMs : 0
  }

  #backOffMs(): number {
    return Math.min(LONGEST_MS, SHORTEST_MS * 2 ** this.#tries++) * (0.5 + Math.random() / 2)
  }

  #pause(atLeastMs: number): Promise<void> {
    return new Promise(resolve => {
      const end = () => {
        clearTimeout(timer)
        this.#endPause = undefined
        resolve()
      }
      const timer = setTimeout(end, Math.max(atLeastMs, this.#backOffMs()))
      this.#endPause = end
    })
  }

  /** From the first call to the end of the connection. */
  async #connected(cut: AbortSignal): Promise<void> {
    if (!this.#loaded && this.#tries === 0) this.#tell({ kind: 'status', status: 'connecting' })
    const token = await this.#token()
    if (cut.aborted) return
    if (this.#logOf !== undefined && this.#logOf !== token) this.#forget() // another tab began anew
    this.#logOf = token
    if (!this.#loaded) await this.#fetchNews(token, cut)
    const socketIsDue = this.#socketFailures < SOCKET_TRIES || Date.now() > this.#socketAgainAt
    await (socketIsDue ? this.#overSocket(token, cut) : this.#overPolling(token, cut))
  }

  async #token(): Promise<string> {
    const known = this.memory.session
    if (known) return known.token
    const identity = this.#identity
    const { token } = await this.#server.openSession(identity)
    if (identity !== this.#identity) return this.#token() // named meanwhile
    this.memory.session = { token, ...(identity.user_id && { user_id: identity.user_id }) }
    return token
  }

  async #fetchNews(token: string, cut: AbortSignal): Promise<void> {
    for (;;) {
      const { messages, cursor } = await this.#server.messages(token, this.#last, 0, cut)
      if (cut.aborted) return
      if (cursor < this.#last) {
        this.#forget() // the server went back in time: a backup was restored
        continue
      }
      for (const message of messages) this.#take(message)
      if (!messages.length || this.#last >= cursor) break
    }
    this.#loaded = true
    this.#tell({ kind: 'live' })
  }

  #take(message: Message): void {
    if (message.seq <= this.#last) return
    this.#last = message.seq
    this.#tell({ kind: 'message', message })
    if (message.client_id) this.#outbox.done(message.client_id)
  }

  #overSocket(token: string, cut: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      let ready = false
      let newest = 0
      let catchingUp = false
      const end = () => {
        if (cut.aborted) return resolve()
        if (!ready && ++this.#socketFailures >= SOCKET_TRIES) this.#socketAgainAt = Date.now() + SOCKET_AGAIN_MS
        this.#loaded &&= ready // one that did not come about may mean a bad token: ask over HTTP
        reject(new Error('the socket ended'))
      }
      const catchUp = async () => {
        if (catchingUp) return
        catchingUp = true
        try {
          await this.#fetchNews(token, cut)
        } catch {
          return socket.end()
        }
        catchingUp = false
        if (newest > this.#last) socket.end() // told of news that is not in the log: begin again
      }
      const onFrame = (frame: Frame) => {
        if (frame.type === 'ready') {
          ready = true
          this.#socketFailures = 0
          this.#probe = () => socket.ping()
          this.#online(outgoing => socket.send(outgoing))
          if (frame.cursor < this.#last) void catchUp()
        } else if (frame.type === 'message') {
          newest = Math.max(newest, frame.message.seq)
          if (catchingUp || frame.message.seq > this.#last + 1) void catchUp()
          else this.#take(frame.message)
        } else if (frame.type === 'error' && frame.code === 'sign_in_required') {
          this.#loaded = false
          socket.end()
        } else if (frame.type === 'error') this.#outbox.refused(frame.client_id, frame.code, frame.detail)
        else if (frame.type === 'accepted') this.#outbox.accepted(frame.client_id, frame.seq)
        else if (frame.type === 'typing') this.#tell({ kind: 'typing', on: frame.on })
      }
      let socket: Socket
      try {
        socket = new Socket(this.#server.socketUrl(this.#last), token, onFrame, end)
      } catch {
        return end() // the page may not open it at all
      }
      cut.addEventListener('abort', () => socket.end())
    })
  }

  async #overPolling(token: string, cut: AbortSignal): Promise<void> {
    let failure: unknown
    const polling = new AbortController()
    cut.addEventListener('abort', () => polling.abort())
    this.#online(outgoing => {
      this.#server.post(token, outgoing, cut).then(
        ({ seq }) => this.#outbox.accepted(outgoing.client_id, seq),
        error => {
          if (error instanceof Refusal && error.status !== 401)
            return this.#outbox.refused(outgoing.client_id, error.status, error.detail)
          failure = error
          polling.abort()
        },
      )
    })
    while (!cut.aborted && Date.now() < this.#socketAgainAt) {
      try {
        const { messages, cursor } = await this.#server.messages(token, this.#last, POLL_S, polling.signal)
        if (cursor < this.#last) await this.#fetchNews(token, cut)
        for (const message of messages) this.#take(message)
      } catch (error) {
        throw failure ?? error
      }
    }
  }

  #online(deliver: (outgoing: Outgoing) => void): void {
    this.#onlineAt = Date.now()
    this.#tell({ kind: 'status', status: 'online' })
    this.#outbox.open(deliver)
  }
}
