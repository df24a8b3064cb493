// Drawn here, because a page may lack every icon font and emoji.

import { h } from './dom'

const icon = (path: string, size: number) => () => (
  <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
    <path d={path} />
  </svg>
)

export const Bubble = icon('M21 11.5a8.4 8.4 0 0 1-12.2 7.5L3.5 20.5l1.6-5A8.5 8.5 0 1 1 21 11.5z', 26)
export const Down = icon('M6 9.5l6 6 6-6', 26)
export const Close = icon('M6 6l12 12M18 6L6 18', 20)
export const Back = icon('M14.5 6l-6 6 6 6', 20)
export const Forth = icon('M9.5 6l6 6-6 6', 20)
export const Send = icon('M12 19V5M5.5 11.5L12 5l6.5 6.5', 20)
export const Away = icon('M8 16L16.5 7.5M9.5 7H17v7.5', 14)
export const Phone = icon(
  'M6.5 3.5h3l1.5 4-2 1.6a12 12 0 0 0 5.9 5.9l1.6-2 4 1.5v3a2 2 0 0 1-2.2 2A16.6 16.6 0 0 1 4.5 5.7a2 2 0 0 1 2-2.2z',
  16,
)
export const Missing = icon('M4 5h16v14H4zM4 16l4.5-4.5L12 15M14 13l2-2 4 4M3 3l18 18', 24)
export const Warning = icon('M12 9v4M12 16.5v.01M12 3.5l9 16H3z', 16)
