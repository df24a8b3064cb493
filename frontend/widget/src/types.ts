// What the chat shows, what it sends, and how it is told of news: the words of the web chat interface.

export type Button = { title: string; type: 'sequence' | 'url' | 'phone' | 'basic'; value?: string | null }
export type Card = {
  title: string
  subtitle?: string | null
  image?: string | null
  url?: string | null
  buttons?: Button[] | null
}
export type Content =
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio' | 'video'; url: string }
  | { type: 'gallery'; items: Card[] }
  | { type: 'buttons'; text: string; buttons: Button[] }
  | { type: 'quick_replies'; text: string; replies: Button[] }
export type From = 'bot' | 'customer' | 'agent' | 'system'

/** One entry of the conversation's log; `seq` rises by one. `client_id` comes back on what this customer sent. */
export type Message = { seq: number; at: string; from: From; client_id?: string | null } & Content

/** The place of a button in a message: its index, or the card's and its own. */
export type Place = number | [card: number, index: number]
export type Post = { text: string } | { press: { seq: number; index: Place } }

/** Something the customer did, until the log of the server shows it. */
export type Outgoing = { client_id: string; at: number; title: string; post: Post }

export type Status = 'connecting' | 'online' | 'offline' | 'unavailable'
export type News =
  | { kind: 'message'; message: Message }
  | { kind: 'live' } // the past is loaded; what comes now is new
  | { kind: 'waiting'; outgoing: Outgoing }
  | { kind: 'accepted'; client_id: string; seq: number }
  | { kind: 'refused'; client_id: string; detail: string }
  | { kind: 'typing'; on: boolean }
  | { kind: 'status'; status: Status }
  | { kind: 'reset' } // another conversation begins

export type Identity = { user_id?: string; user_hash?: string; profile?: Record<string, unknown> }

/** Who brings the news: the server, or the Builder's preview. */
export interface Transport {
  start(tell: (news: News) => void): void
  send(outgoing: Outgoing): void
  stop(): void
  wake?(): void
  identify?(identity: Identity | null): void
}
