// Buttons in all their kinds: a press for a sequence, a link for an address or a phone number, words for a label.

import { h } from './dom'
import { Phone } from './icons'
import { Host, Link, phoneUrl, safeUrl } from './links'
import type { Strings } from './strings'
import type { Button } from './types'

type ChoiceProps = { button: Button; t: Strings; onPress: () => void }

export function Choice({ button: { title, type, value }, t, onPress }: ChoiceProps) {
  const words = (
    <bdi dir="auto" class="title">
      {title}
    </bdi>
  )
  if (type === 'sequence') {
    return (
      <button class="choice" onClick={onPress}>
        {words}
      </button>
    )
  }
  if (type === 'phone' && value) {
    return (
      <a class="choice" href={phoneUrl(value)}>
        <Phone />
        <span>
          {words}
          {value !== title && (
            <bdi dir="ltr" class="host">
              {value}
            </bdi>
          )}
        </span>
      </a>
    )
  }
  const url = type === 'url' && safeUrl(value)
  if (!url) return <span class="choice label">{words}</span>
  return (
    <Link class="choice" to={url} t={t}>
      <span>
        {words}
        <Host url={url} />
      </span>
    </Link>
  )
}

type ChoicesProps = {
  t: Strings
  buttons: readonly Button[]
  onPress: (index: number, title: string) => void
}

export const Choices = ({ buttons, t, onPress }: ChoicesProps) => (
  <ul class="choices">
    {buttons.map((button, i) => (
      <li>
        <Choice button={button} t={t} onPress={() => onPress(i, button.title)} />
      </li>
    ))}
  </ul>
)
