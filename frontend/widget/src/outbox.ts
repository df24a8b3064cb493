// What the customer did and the server does not have yet: sent one at a time, the oldest first, once each.

import type { Memory } from './memory'
import { mayPass } from './server'
import type { News, Outgoing } from './types'

const AGAIN_MS = 600

export class Outbox {
  readonly #memory: Memory
  readonly #tell: (news: News) => void
  #deliver: ((outgoing: Outgoing) => void) | undefined
  #underWay: string | undefined
  #refusals = 0

  constructor(memory: Memory, tell: (news: News) => void) {
    this.#memory = memory
    this.#tell = tell
  }

  add(outgoing: Outgoing): void {
    this.#memory.keep(outgoing)
    this.#tell({ kind: 'waiting', outgoing })
    this.#pump()
  }

  /** The way out from now on; what was under way on the one before goes again, under the same id. */
  open(deliver: (outgoing: Outgoing) => void): void {
    this.#deliver = deliver
    this.#underWay = undefined
    this.#pump()
  }

  close(): void {
    this.#deliver = this.#underWay = undefined
  }

  tellAll(): void {
    for (const outgoing of this.#memory.unsent) this.#tell({ kind: 'waiting', outgoing })
  }

  /** A press names a place in its own conversation; what an identified person wrote is not another's to send. */
  clear(what: 'presses' | 'all'): void {
    for (const { client_id, post } of this.#memory.unsent)
      if (what === 'all' || 'press' in post) this.#memory.drop(client_id)
  }

  accepted(client_id: string, seq: number): void {
    this.#tell({ kind: 'accepted', client_id, seq })
    this.done(client_id)
  }

  /** `client_id` is left out where the server could not read it: then it means the one under way. */
  refused(client_id: string | undefined, code: number | string, detail: string): void {
    const whose = client_id ?? this.#underWay
    if (whose === undefined) return
    if (mayPass(code)) {
      if (whose === this.#underWay) this.#underWay = undefined
      setTimeout(() => this.#pump(), AGAIN_MS * Math.min(16, ++this.#refusals) * (0.5 + Math.random()))
      return
    }
    this.#tell({ kind: 'refused', client_id: whose, detail })
    this.done(whose)
  }

  /** The server has it, or never will. */
  done(client_id: string): void {
    this.#memory.drop(client_id)
    this.#refusals = 0
    if (client_id !== this.#underWay) return
    this.#underWay = undefined
    this.#pump()
  }

  #pump(): void {
    const next = this.#memory.unsent[0]
    if (!next || !this.#deliver || this.#underWay !== undefined) return
    this.#underWay = next.client_id
    this.#deliver(next)
  }
}
