// The HTTP side of the web chat interface: one function per call, and what its refusals mean.

import type { Identity, Message, Outgoing } from './types'

const PATIENCE_MS = 15_000

/** The server answered, but not with what was asked for. */
export class Refusal extends Error {
  readonly status: number
  readonly detail: string
  readonly retryAfterMs: number

  constructor(status: number, detail: string, retryAfterMs: number) {
    super(detail)
    this.status = status
    this.detail = detail
    this.retryAfterMs = retryAfterMs
  }
}

/** Whether the same thing may work later: the codes of both the HTTP answers and the socket's errors. */
export const mayPass = (problem: number | string): boolean =>
  typeof problem === 'number'
    ? problem >= 500 || problem === 408 || problem === 425 || problem === 429
    : ['too_many', 'unavailable', 'internal'].includes(problem)

export type Page = { messages: Message[]; cursor: number }

export class Server {
  readonly #root: string

  constructor(base: string, channel: string) {
    this.#root = new URL(`chat/v1/${encodeURIComponent(channel)}/`, base).href
  }

  socketUrl(after: number): string {
    return `${this.#root.replace(/^http/, 'ws')}socket?after=${after}`
  }

  async openSession(identity: Identity): Promise<{ token: string }> {
    const here = { locale: navigator.language, timezone: -new Date().getTimezoneOffset() / 60 }
    return this.#ask('sessions', { body: { ...identity, profile: { ...here, ...identity.profile } } })
  }

  async messages(token: string, after: number, waitS = 0, signal?: AbortSignal): Promise<Page> {
    return this.#ask(`messages?after=${after}${waitS ? `&wait=${waitS}` : ''}`, { token, waitS, signal })
  }

  async post(token: string, { client_id, post }: Outgoing, signal?: AbortSignal): Promise<{ seq: number }> {
    return this.#ask('messages', { token, body: { client_id, ...post }, signal })
  }

  async #ask<T>(
    path: string,
    {
      token,
      body,
      waitS = 0,
      signal,
    }: { token?: string; body?: object; waitS?: number; signal?: AbortSignal | undefined },
  ): Promise<T> {
    const end = new AbortController()
    const stop = () => end.abort()
    const timer = setTimeout(stop, PATIENCE_MS + waitS * 1000)
    signal?.addEventListener('abort', stop)
    try {
      const answer = await fetch(this.#root + path, {
        method: body ? 'POST' : 'GET',
        headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
        body: body ? JSON.stringify(body) : null,
        credentials: 'omit',
        cache: 'no-store',
        signal: end.signal,
      })
      if (answer.ok) return (await answer.json()) as T
      const problem = (await answer.json().catch(() => ({}))) as { detail?: unknown }
      const detail = typeof problem.detail === 'string' ? problem.detail : ''
      throw new Refusal(answer.status, detail, Number(answer.headers.get('Retry-After')) * 1000 || 0)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
    }
  }
}
