// What this browser remembers of a chat: the session, what is unsent and what was read. Works without storage, too.

import type { Outgoing } from './types'

export type Session = { token: string; user_id?: string }

const kept = new Map<string, string>() // where the page may not store anything: as long as the page lives

/** Undefined where it throws: private mode, storage that is full or blocked, text that someone else wrote. */
function attempt<T>(what: () => T): T | undefined {
  try {
    return what()
  } catch {
    return undefined
  }
}

const get = <T>(key: string): T | undefined =>
  attempt(() => JSON.parse(attempt(() => localStorage.getItem(key)) ?? kept.get(key) ?? '') as T)

function set(key: string, value: unknown): void {
  const text = JSON.stringify(value)
  kept.set(key, text)
  attempt(() => localStorage.setItem(key, text))
}

function remove(key: string): void {
  kept.delete(key)
  attempt(() => localStorage.removeItem(key))
}

export class Memory {
  readonly #prefix: string

  constructor(channel: string) {
    this.#prefix = `backtalk:${channel}:`
  }

  get session(): Session | undefined {
    const session = get<Session>(`${this.#prefix}session`)
    return session?.token ? session : undefined
  }

  set session(session: Session | undefined) {
    if (session) set(`${this.#prefix}session`, session)
    else for (const name of ['session', 'read']) remove(this.#prefix + name)
  }

  /** The last message that was on screen. */
  get read(): number {
    return get<number>(`${this.#prefix}read`) || 0
  }

  set read(seq: number) {
    set(`${this.#prefix}read`, seq)
  }

  // Every unsent thing has a key of its own, so that two tabs of one chat do not overwrite each other's.
  get unsent(): Outgoing[] {
    const keys = new Set([...kept.keys(), ...(attempt(() => Object.keys(localStorage)) ?? [])])
    return [...keys]
      .filter(key => key.startsWith(`${this.#prefix}out:`))
      .map(key => get<Outgoing>(key))
      .filter((outgoing): outgoing is Outgoing => !!outgoing?.post)
      .sort((one, other) => one.at - other.at)
  }

  keep(outgoing: Outgoing): void {
    set(`${this.#prefix}out:${outgoing.client_id}`, outgoing)
  }

  drop(clientId: string): void {
    remove(`${this.#prefix}out:${clientId}`)
  }
}

const GREETED = 'backtalk:greeted'

/** Whether this visit has seen the greeting; without storage, better never than on every page. */
export const greeted = (): boolean => attempt(() => !!sessionStorage.getItem(GREETED)) ?? true
export const noteGreeted = (): void => attempt(() => sessionStorage.setItem(GREETED, '1'))
