// Turns the site's one accent colour into shades that stay readable on light and on dark ground.

type Rgb = [number, number, number]

const LIGHT: Rgb = [255, 255, 255]
const READABLE = 4.6 // WCAG AA asks for 4.5

/** #rgb or #rrggbb; undefined for anything else. */
export function read(colour: string): Rgb | undefined {
  const hex = colour.trim().replace(/^#(.)(.)(.)$/, '#$1$1$2$2$3$3')
  if (!/^#[\da-f]{6}$/i.test(hex)) return undefined
  const value = Number.parseInt(hex.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map(part => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as Rgb
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

export function contrast(one: Rgb, other: Rgb): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number]
  return (lighter + 0.05) / (darker + 0.05)
}

/** The colour itself, or the nearest shade of it that can be read on `ground`. */
export function readableOn(ground: Rgb, colour: Rgb): Rgb {
  const away: Rgb = luminance(ground) > 0.4 ? [0, 0, 0] : LIGHT
  for (let share = 0; share < 1; share += 0.05) {
    const shade = colour.map((part, i) => Math.round(part + ((away[i] as number) - part) * share)) as Rgb
    if (contrast(shade, ground) >= READABLE) return shade
  }
  return away
}

const css = (rgb: Rgb): string => `rgb(${rgb})`

/** The custom properties that the style sheet builds on; nothing when the colour is not one. */
export function shades(accent: string): string {
  const colour = read(accent)
  if (!colour) return ''
  const on: Rgb = contrast(colour, LIGHT) >= 4.5 ? LIGHT : [0, 0, 0]
  const ink = [readableOn([240, 240, 240], colour), readableOn([45, 48, 53], colour)] as const
  return `.root{--fill:${css(colour)};--on:${css(on)};--ink-light:${css(ink[0])};--ink-dark:${css(ink[1])}}`
}
