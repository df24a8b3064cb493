// A row of cards: swipe, arrows, or one tab stop with the arrow keys, Home and End.

import { Choices } from './choices'
import { h } from './dom'
import { Back, Forth, Missing } from './icons'
import { Host, Link, safeUrl } from './links'
import { Picture } from './media'
import { filled } from './strings'
import type { Card, Place } from './types'
import type { View } from './view'

const GAP = 12

/** Where a key leads; undefined when it is not one of the gallery's. */
export function target(key: string, current: number, count: number, rightToLeft: boolean): number | undefined {
  const onward = rightToLeft ? 'ArrowLeft' : 'ArrowRight'
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  if (key === onward) return Math.min(current + 1, count - 1)
  return key === 'ArrowLeft' || key === 'ArrowRight' ? Math.max(current - 1, 0) : undefined
}

const isRightToLeft = (element: Element) => getComputedStyle(element).direction === 'rtl'

/** Only the current card and what is on it can be reached by Tab. */
function makeCurrent(track: Element, current: Node): void {
  for (const card of track.children)
    for (const stop of [card, ...card.querySelectorAll('a, button')])
      stop.setAttribute('tabindex', card.contains(current) ? '0' : '-1')
}

function onKeyDown(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const cards = [...event.currentTarget.children] as HTMLElement[]
  const current = cards.findIndex(card => card.contains(event.target as Node))
  const to = target(event.key, current, cards.length, isRightToLeft(event.currentTarget))
  if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return
  event.preventDefault()
  cards[to]?.focus({ preventScroll: true })
  cards[to]?.scrollIntoView({ block: 'nearest', inline: 'start' })
}

/** Says on the gallery at which of its ends the row stands; the arrows follow by style. */
function measure(track: HTMLElement): void {
  const at = Math.abs(track.scrollLeft)
  const ends = [at < 4 && 'start', at > track.scrollWidth - track.clientWidth - 4 && 'end']
  for (const arrow of track.parentElement?.querySelectorAll('.arrow') ?? [])
    arrow.setAttribute('aria-disabled', String(ends.includes(arrow.classList.contains('next') ? 'end' : 'start')))
}

export function Gallery({
  view,
  cards,
  onPress,
}: {
  view: View
  cards: Card[]
  onPress: (place: Place, title: string) => void
}) {
  const { t } = view
  const withImages = cards.some(card => card.image)
  const arrow = (kind: 'previous' | 'next', way: number) => (
    // not `disabled` at the end of the row: the focus would be lost
    <button
      class={`arrow disc ${kind}`}
      aria-label={t[kind]}
      onClick={({ currentTarget }) => {
        const track = currentTarget.parentElement?.firstElementChild as HTMLElement
        const width = (track.firstElementChild as HTMLElement).offsetWidth + GAP
        const seen = Math.max(1, (track.clientWidth / width) | 0)
        track.scrollBy({ left: way * width * seen * (isRightToLeft(track) ? -1 : 1) })
      }}
    >
      <span class="disc">{way < 0 ? <Back /> : <Forth />}</span>
    </button>
  )
  return (
    <div class="gallery" role="group" aria-label={`${t.gallery}, ${cards.length}`}>
      <ul
        class="track"
        ref={track => {
          makeCurrent(track, track.firstChild as Node)
          new ResizeObserver(() => measure(track)).observe(track)
        }}
        onKeyDown={onKeyDown}
        onScroll={event => measure(event.currentTarget)}
        onFocusIn={event => makeCurrent(event.currentTarget, event.target as Node)}
      >
        {cards.map((card, i) => (
          <li class="card" aria-label={`${filled(t.of, { n: i + 1, all: cards.length })}: ${card.title}`}>
            <Face view={view} card={card} withImage={withImages} />
            {!!card.buttons?.length && (
              <Choices buttons={card.buttons} t={t} onPress={(index, title) => onPress([i, index], title)} />
            )}
          </li>
        ))}
      </ul>
      {arrow('previous', -1)}
      {arrow('next', 1)}
    </div>
  )
}

type FaceProps = { view: View; card: Card; withImage: boolean }

function Face({ view, card, withImage }: FaceProps) {
  const url = safeUrl(card.url)
  const blank = <span class="face blank">{card.image && <Missing />}</span>
  return (
    <div class="side">
      {withImage && <Picture view={view} class="face" address={card.image ?? ''} alt="" instead={blank} />}
      <div class="words">
        <h3 dir="auto">
          {url ? (
            <Link to={url} t={view.t}>
              {card.title}
            </Link>
          ) : (
            card.title
          )}
        </h3>
        {card.subtitle && <p dir="auto">{card.subtitle}</p>}
        {url && <Host url={url} />}
      </div>
    </div>
  )
}
