// The messages, grouped by who wrote them and when; it keeps to the newest unless the reader has scrolled away.

import { Choices } from './choices'
import type { Waiting } from './conversation'
import { h } from './dom'
import { Gallery } from './gallery'
import { Down, Warning } from './icons'
import { Words } from './links'
import { Media } from './media'
import type { From, Message } from './types'
import type { View } from './view'

const TOGETHER_MS = 5 * 60_000
const NEW_TIME_MS = 30 * 60_000
const NEAR_PX = 40

export type Group = { from: From; messages: Message[]; time: Date | undefined }

/** Runs of one sender; `time` is set where a pause has gone before. */
export function groups(messages: readonly Message[]): Group[] {
  const made: Group[] = []
  let before = 0
  for (const message of messages) {
    const at = Date.parse(message.at) || before
    const last = made.at(-1)
    if (last?.from === message.from && at - before < TOGETHER_MS) last.messages.push(message)
    else {
      const time = at - before > NEW_TIME_MS ? new Date(at) : undefined
      made.push({ from: message.from, messages: [message], time })
    }
    before = at
  }
  return made
}

const clock = (time: Date, language: string): string =>
  time.toLocaleTimeString(language, { hour: 'numeric', minute: '2-digit' })

/** The time of day, with the date unless that is today. */
export const when = (time: Date, language: string, now = new Date()): string =>
  time.toDateString() === now.toDateString()
    ? clock(time, language)
    : time.toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' })

/**
 * Keeps the end in view while the log grows (messages, images that load, a changed window), unless the reader has
 * scrolled away (`data-away`); then `data-behind` says that there is news below.
 */
function stayAtEnd(log: HTMLElement): void {
  let [height, room] = [0, 0]
  const watcher = new ResizeObserver(() => {
    if (!('away' in log.dataset)) toEnd(log)
    else if (log.scrollHeight > height) log.dataset.behind = ''
    height = log.scrollHeight
    room = log.clientHeight
  })
  watcher.observe(log)
  for (const inside of log.children) watcher.observe(inside)
  log.addEventListener('scroll', () => {
    if (log.scrollHeight !== height || log.clientHeight !== room) return // not the reader's doing
    delete log.dataset.away
    if (height - log.scrollTop - room < NEAR_PX) delete log.dataset.behind
    else log.dataset.away = ''
  })
}

function toEnd(log: Element): void {
  log.scrollTop = log.scrollHeight
}

/** Who says something wants to see what comes of it. */
export function follow({ currentTarget }: { currentTarget: HTMLElement }): void {
  delete currentTarget.querySelector<HTMLElement>('.log')?.dataset.away
}

export function Log({ view }: { view: View }) {
  const { conversation, t, greeting } = view
  const { messages, waiting, typing, live } = conversation.shown
  return (
    <div class="middle">
      <div class="log" role="log" aria-label={t.log} aria-live={live ? 'polite' : 'off'} tabindex={0} ref={stayAtEnd}>
        <div class="inside">
          {greeting && (
            <p class="greeting" dir="auto">
              {greeting}
            </p>
          )}
          {groups(messages).map(group => (
            <Run group={group} view={view} />
          ))}
          {waiting.length > 0 && (
            <div class="run customer">
              {waiting.map(own => (
                <Own own={own} view={view} />
              ))}
            </div>
          )}
          {typing && (
            <div class="run bot">
              <div class="bubble typing">
                <span class="unseen">
                  {t.bot} {t.typing}
                </span>
                <i />
                <i />
                <i />
              </div>
            </div>
          )}
        </div>
      </div>
      <button class="newest" onClick={event => toEnd(event.currentTarget.previousElementSibling as Element)}>
        {t.newest}
        <Down />
      </button>
    </div>
  )
}

const Run = ({ group: { from, messages, time }, view }: { group: Group; view: View }) => (
  <div class="part" key={messages[0]?.seq ?? 0}>
    {time && <p class="time">{when(time, view.language)}</p>}
    <div class={`run ${from}`}>
      {from === 'agent' && (
        <span class="who" aria-hidden="true">
          {view.t.agent}
        </span>
      )}
      {messages.map(message => (
        <Entry message={message} view={view} />
      ))}
    </div>
  </div>
)

function Entry({ message, view }: { message: Message; view: View }) {
  const { conversation, t, language } = view
  const at = new Date(message.at)
  const press = conversation.press.bind(conversation, message.seq)
  return (
    <div class="entry" key={message.seq} data-seq={message.seq} data-type={message.type}>
      <span class="unseen">{t[message.from]}: </span>
      {'text' in message && message.text && (
        // for fingers; with a mouse pointing shows the time, with keys the focus on the log shows all
        <p
          class="bubble"
          dir="auto"
          onClick={event => event.currentTarget.parentElement?.toggleAttribute('data-timed')}
        >
          <Words text={message.text} t={t} />
        </p>
      )}
      {'url' in message && <Media view={view} type={message.type} address={message.url} />}
      {message.type === 'buttons' && <Choices buttons={message.buttons} t={t} onPress={press} />}
      {message.type === 'gallery' && <Gallery view={view} cards={message.items} onPress={press} />}
      {at.getTime() > 0 && (
        <time datetime={message.at} aria-hidden="true">
          {clock(at, language)}
        </time>
      )}
    </div>
  )
}

function Own({ own, view: { conversation, t } }: { own: Waiting; view: View }) {
  return (
    <div class="entry" key={own.client_id} data-state={own.refused === undefined ? 'waiting' : 'refused'}>
      <span class="unseen">{t.customer}: </span>
      <p class="bubble" dir="auto">
        {own.title}
      </p>
      {own.refused === undefined ? (
        conversation.shown.status !== 'online' && <span class="sending">{t.sending}</span>
      ) : (
        <div class="refused" role="alert">
          <Warning />
          <bdi dir="auto">
            {t.refused}
            {own.refused && `: ${own.refused}`}
          </bdi>
          <button onClick={() => conversation.again(own)}>{t.again}</button>
        </div>
      )}
    </div>
  )
}
