// Every address passes here: only schemes that cannot run anything become links, the rest stays words.

import { type Child, h } from './dom'
import { Away } from './icons'
import type { Strings } from './strings'

const SAFE = /^(https?|tel|mailto):$/

/** The address as the browser will understand it, or undefined when it must not be followed. */
export function safeUrl(address: string | null | undefined): URL | undefined {
  try {
    const url = new URL(address ?? '')
    return SAFE.test(url.protocol) ? url : undefined
  } catch {
    return undefined
  }
}

/** The same for what is loaded into the page. */
export function mediaUrl(address: string | null | undefined): string | undefined {
  const url = safeUrl(address)
  return url?.protocol.startsWith('http') ? url.href : undefined
}

export const phoneUrl = (number: string): string => `tel:${number.replace(/[^+\d]/g, '')}`

type LinkProps = { to: URL; t: Strings; class?: string; dir?: string; plain?: boolean }

export const Link = ({ to, t, plain, children, ...rest }: LinkProps & { children?: Child }) => (
  <a href={to.href} target="_blank" rel="noopener noreferrer" {...rest}>
    {children}
    <span class="away">
      {!plain && <Away />}
      <span class="unseen"> {t.newTab}</span>
    </span>
  </a>
)

/** Where a link leads, in letters that cannot pretend: the host in ASCII, apart from the text around it. */
export const Host = ({ url }: { url: URL }) => (
  <bdi dir="ltr" class="host">
    {url.host || url.pathname}
  </bdi>
)

const ADDRESS = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}»”])/

/** Plain text in which web addresses can be followed; nothing else in it means anything. */
export const Words = ({ text, t }: { text: string; t: Strings }) =>
  text.split(ADDRESS).map((part, i) => {
    const url = i % 2 ? safeUrl(part) : undefined
    return url ? (
      <Link to={url} t={t} dir="ltr" plain>
        {part}
      </Link>
    ) : (
      part
    )
  })
