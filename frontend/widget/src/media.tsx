// Pictures, sound and film, and what is shown in their place when they do not load.

import { type Child, h } from './dom'
import { Missing } from './icons'
import { Link, mediaUrl, safeUrl } from './links'
import type { View } from './view'

/** Its own size, or a handy one where it has none (a drawing without measures). */
function settle(image: HTMLImageElement): void {
  image.width = image.naturalWidth || 280
  image.dataset.loaded = ''
}

type PictureProps = { view: View; address: string; alt: string; instead: Child; class?: string }

/** An image that never shows as a broken one. */
export const Picture = ({ view, address, alt, instead, ...rest }: PictureProps) =>
  mediaUrl(address) && !view.lost.has(address) ? (
    <img
      src={mediaUrl(address)}
      alt={alt}
      loading="lazy"
      decoding="async"
      referrerpolicy="no-referrer"
      onLoad={event => settle(event.currentTarget as HTMLImageElement)}
      onError={() => view.lose(address)}
      {...rest}
    />
  ) : (
    instead
  )

function Lost({ view: { t }, address }: { view: View; address: string }) {
  const url = safeUrl(address)
  return (
    <div class="lost">
      <Missing />
      <span>{t.lost}</span>
      {url && (
        <Link to={url} t={t}>
          {t.openIt}
        </Link>
      )}
    </div>
  )
}

export function Media({ view, type, address }: { view: View; type: 'image' | 'audio' | 'video'; address: string }) {
  const url = safeUrl(address)
  const src = mediaUrl(address)
  const lost = <Lost view={view} address={address} />
  if (!src || !url || view.lost.has(address)) return lost
  if (type === 'image') {
    return (
      <Link class="picture" to={url} t={view.t} plain>
        <Picture view={view} address={address} alt={view.t.image} instead={lost} />
      </Link>
    )
  }
  const Player = type
  return <Player src={src} controls preload="metadata" playsinline onError={() => view.lose(address)} />
}
