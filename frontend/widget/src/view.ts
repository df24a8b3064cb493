// What every part of the view is given: the conversation, the words, and how to act.

import type { Conversation } from './conversation'
import type { Strings } from './strings'

export type View = {
  conversation: Conversation
  t: Strings
  language: string
  title: string
  greeting: string
  shape: 'window' | 'inline' | 'full'
  open: boolean
  teased: boolean // the greeting beside the launcher is shown
  lost: Set<string> // addresses of media that did not load
  turn(open: boolean): void
  leaveTeaser(): void
  lose(address: string): void
}

export const isTouch = (): boolean => matchMedia('(pointer: coarse)').matches
