// What stands on the page while the chat is closed: the button with what is unread, and once per visit a greeting.

import { h } from './dom'
import { Bubble, Close, Down } from './icons'
import { filled } from './strings'
import type { View } from './view'

export function Launcher({ view }: { view: View }) {
  const { t, open, turn, conversation, greeting } = view
  const unread = open ? 0 : conversation.unread
  return (
    <div class="closed">
      {!open && view.teased && !unread && (
        <div class="teaser">
          <button class="words" onClick={() => turn(true)}>
            <span dir="auto">{greeting}</span>
          </button>
          <button class="round disc" aria-label={t.close} onClick={() => view.leaveTeaser()}>
            <Close />
          </button>
        </div>
      )}
      <button
        class="launcher disc filled"
        aria-label={(open ? t.close : t.open) + (unread ? `, ${filled(t.unread, { n: unread })}` : '')}
        aria-expanded={String(open)}
        onClick={() => turn(!open)}
      >
        {open ? <Down /> : <Bubble />}
        {unread > 0 && <span class="badge">{unread > 99 ? '99+' : unread}</span>}
      </button>
    </div>
  )
}
