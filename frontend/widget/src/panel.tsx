// The open chat: heading with the state of the connection, the log, the choices of the moment, the input.

import { Choice } from './choices'
import { Composer } from './composer'
import { choices } from './conversation'
import { h } from './dom'
import { Bubble, Close } from './icons'
import { follow, Log } from './log'
import { isTouch, type View } from './view'

/** Into the input; on a touch screen onto the panel, because an input would bring the keyboard up over the chat. */
export const enter = (panel: HTMLElement | null | undefined): void =>
  (isTouch() ? panel : panel?.querySelector('textarea'))?.focus()

export function Panel({ view }: { view: View }) {
  const { conversation, t, title, shape } = view
  const { shown } = conversation
  const offered = choices(shown)
  const isWindow = shape === 'window'
  const down = shown.status === 'offline' || shown.status === 'unavailable'
  return (
    <section
      class={`panel ${shape}`}
      role={isWindow ? 'dialog' : 'region'}
      aria-label={title}
      tabindex={-1}
      onSubmit={follow}
      onClick={event => {
        // heard after the button has acted, and perhaps has gone
        const pressed = (event.target as Element).closest('button.choice')
        if (pressed) follow(event)
        if (pressed?.closest('.replies')) enter(event.currentTarget)
      }}
      onKeyDown={event => {
        if (event.key === 'Tab') stayInside(event)
        if (event.key !== 'Escape' || !isWindow) return
        event.stopPropagation()
        view.turn(false)
      }}
    >
      <header>
        <span class="badge-face disc filled" aria-hidden="true">
          <Bubble />
        </span>
        <div class="name">
          <h2>
            <bdi dir="auto">{title}</bdi>
          </h2>
          <p class="status" role="status" data-status={shown.status}>
            {shown.status === 'online' ? t.online : t.connecting}
          </p>
        </div>
        {isWindow && (
          <button class="round disc" aria-label={t.close} onClick={() => view.turn(false)}>
            <Close />
          </button>
        )}
      </header>
      {down && (
        <p class="banner">
          <span>{shown.status === 'offline' ? t.kept : t.unavailable}</span>
          <button onClick={() => conversation.wake()}>{t.retry}</button>
        </p>
      )}
      <Log view={view} />
      {!!offered?.replies.length && (
        <div class="replies" role="group" aria-label={t.choices} key={offered.seq}>
          {offered.replies.map((button, i) => (
            <Choice button={button} t={t} onPress={() => conversation.press(offered.seq, i, button.title)} />
          ))}
        </div>
      )}
      <Composer t={t} onText={text => conversation.text(text)} />
    </section>
  )
}

/** On a phone the window covers the page, so the focus goes round in it. */
function stayInside(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const panel = event.currentTarget
  if (panel.offsetWidth < innerWidth) return
  const stops = [...panel.querySelectorAll<HTMLElement>('a, button, textarea, audio, video, [tabindex]')].filter(
    stop => stop.tabIndex >= 0 && stop.getClientRects().length,
  )
  const to = event.shiftKey ? stops.at(-1) : stops[0]
  if (event.target !== (event.shiftKey ? stops[0] : stops.at(-1)) && event.target !== panel) return
  event.preventDefault()
  to?.focus()
}
