// <backtalk-chat>: attributes in, a shadow tree out. The same element is the launcher on a site, the full page and,
// given a `transport`, the Builder's preview.

import { shades } from './colour'
import { Conversation, type Happening } from './conversation'
import { draw, h } from './dom'
import { Launcher } from './launcher'
import { greeted, noteGreeted } from './memory'
import { enter, Panel } from './panel'
import { isRightToLeft, type Strings, stringsFor } from './strings'
import style from './style.css?inline'
import { ServerTransport } from './transport'
import type { Identity, Transport } from './types'
import type { View } from './view'

const GREET_AFTER_MS = 1_500

export class BacktalkChat extends HTMLElement {
  static observedAttributes = 'lang dir inline full data-title data-greeting data-color data-lang data-dir'.split(' ')
  static base = '' // where the script came from

  #root = this.attachShadow({ mode: 'open' })
  #colours = new CSSStyleSheet()
  #conversation: Conversation | undefined
  #transport: Transport | undefined
  #identity: Identity | null = null
  #open = false
  #teased = false
  #strings: Partial<Strings> = {}
  #lost = new Set<string>()
  #due = false

  constructor() {
    super()
    // constructable sheets: neither a <style> nor a style attribute that a strict style-src would refuse
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(style)
    this.#root.adoptedStyleSheets = [sheet, this.#colours]
  }

  /** Something other than the server to talk to. */
  set transport(transport: Transport) {
    this.#conversation?.stop()
    this.#conversation = undefined
    this.#transport = transport
    this.#begin()
  }

  /** Other words than the built-in ones. */
  set strings(strings: Partial<Strings>) {
    this.#strings = strings
    this.#draw()
  }

  open(): void {
    this.#turn(true)
  }

  close(): void {
    this.#turn(false)
  }

  /** Who the visitor is; null when they signed out. */
  identify(identity: Identity | null): void {
    this.#identity = identity
    this.#transport?.identify?.(identity)
  }

  /** Calls `listener` from now on; call what comes back to end that. */
  on(happening: Happening, listener: (detail: unknown) => void): () => void {
    const hear = (event: Event) => listener((event as CustomEvent).detail)
    this.addEventListener(happening, hear)
    return () => this.removeEventListener(happening, hear)
  }

  connectedCallback(): void {
    const title = this.getAttribute('title')
    if (title !== null) {
      this.dataset.title = title // as `title` it would hang over the chat as a tooltip
      this.removeAttribute('title')
    }
    this.#begin()
  }

  disconnectedCallback(): void {
    this.#conversation?.stop()
  }

  attributeChangedCallback(): void {
    this.#draw()
  }

  get #shape(): View['shape'] {
    return this.hasAttribute('full') ? 'full' : this.hasAttribute('inline') ? 'inline' : 'window'
  }

  #begin(): void {
    if (!this.isConnected) return
    const { channel, base, greeting } = this.dataset
    if (!this.#transport && channel) {
      this.#transport = new ServerTransport(new URL(base || BacktalkChat.base || '/', location.href).href, channel)
      if (this.#identity) this.#transport.identify?.(this.#identity)
    }
    if (!this.#transport) return
    const memory = this.#transport instanceof ServerTransport ? this.#transport.memory : undefined
    this.#conversation ??= new Conversation(this.#transport, memory, this.#say, () => this.#draw())
    this.#draw()
    // a visitor who never opens the chat leaves no trace; one who has talked learns of news
    if (this.#open || this.#shape !== 'window' || memory?.session) this.#conversation.start()
    else if (greeting && !greeted()) setTimeout(() => this.#tease(true), GREET_AFTER_MS)
  }

  #tease(teased: boolean): void {
    if (!teased) noteGreeted()
    this.#teased = teased && !this.#open
    this.#draw()
  }

  #say = (happening: Happening, detail?: unknown): void => {
    this.dispatchEvent(new CustomEvent(happening, { detail }))
  }

  #turn(open: boolean): void {
    if (this.#open === open) return
    this.#open = open
    if (open) {
      this.#tease(false)
      this.#conversation?.start()
    }
    this.#drawNow()
    if (open) enter(this.#root.querySelector<HTMLElement>('.panel'))
    else this.#root.querySelector<HTMLElement>('.launcher')?.focus()
    this.#say(open ? 'open' : 'close')
  }

  #direction(language: string): 'ltr' | 'rtl' {
    const wanted = this.dir || this.dataset.dir
    if (wanted === 'ltr' || wanted === 'rtl') return wanted
    return getComputedStyle(document.documentElement).direction === 'rtl' || isRightToLeft(language) ? 'rtl' : 'ltr'
  }

  /** Soon, and once however often it is asked for. */
  #draw(): void {
    if (this.#due) return
    this.#due = true
    queueMicrotask(() => this.#drawNow())
  }

  #drawNow(): void {
    this.#due = false
    if (!this.isConnected || !this.#conversation) return
    const language = this.lang || this.dataset.lang || document.documentElement.lang || navigator.language
    const t = { ...stringsFor(language), ...this.#strings }
    const { title, greeting = '', color } = this.dataset
    const shape = this.#shape
    const view: View = {
      conversation: this.#conversation,
      t,
      language,
      title: title || t.title,
      greeting,
      shape,
      open: this.#open,
      teased: this.#teased,
      lost: this.#lost,
      turn: open => this.#turn(open),
      leaveTeaser: () => this.#tease(false),
      lose: address => {
        this.#lost.add(address)
        this.#draw()
      },
    }
    this.#colours.replaceSync(shades(color || getComputedStyle(this).getPropertyValue('--backtalk-color')))
    draw(
      this.#root,
      <div class={`root ${shape}`} dir={this.#direction(language)} lang={language}>
        {(this.#open || shape !== 'window') && <Panel view={view} />}
        {shape === 'window' && <Launcher view={view} />}
      </div>,
    )
    if ((this.#open || shape !== 'window') && document.visibilityState === 'visible') this.#conversation.markRead()
  }
}
