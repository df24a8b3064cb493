// JSX without a framework: makes elements, and later changes only what differs. What an element itself remembers (the
// scroll position, the text typed, which card is current) is left alone as long as the description stays the same.

type Handler<E extends Event> = (event: E & { currentTarget: HTMLElement }) => void
type Value = string | number | boolean | null | undefined
export type Attributes = {
  [name: `aria-${string}` | `data-${string}`]: Value
  key?: string | number
  ref?: (element: HTMLElement) => void // once, when the element is made
  children?: Child
  onClick?: Handler<MouseEvent> | undefined
  onError?: Handler<Event>
  onFocusIn?: Handler<FocusEvent>
  onInput?: Handler<InputEvent>
  onKeyDown?: Handler<KeyboardEvent>
  onLoad?: Handler<Event>
  onScroll?: Handler<Event>
  onSubmit?: Handler<SubmitEvent>
} & Partial<Record<Name, Value>>

type Name =
  | ('alt' | 'class' | 'controls' | 'd' | 'datetime' | 'decoding' | 'dir' | 'enterkeyhint' | 'height')
  | ('href' | 'lang' | 'loading' | 'maxlength' | 'placeholder' | 'playsinline' | 'preload' | 'referrerpolicy')
  | ('rel' | 'role' | 'rows' | 'src' | 'tabindex' | 'target' | 'type' | 'viewBox' | 'width')

export type Child = Piece | string | number | boolean | null | undefined | Child[]
export type Piece = { tag: string; key?: unknown; props: Attributes; children: Piece[]; node?: Node; text?: string }
type Component = (props: never) => Child

export declare namespace h {
  namespace JSX {
    type Element = Child
    type ElementType = string | Component
    type IntrinsicElements = Record<keyof HTMLElementTagNameMap | 'svg' | 'path', Attributes>
    type ElementChildrenAttribute = { children: unknown }
  }
}

export const h = (tag: string | Component, props: Attributes | null, ...children: Child[]): Child =>
  typeof tag === 'string'
    ? { tag, key: props?.key, props: props ?? {}, children: flat(children) }
    : tag({ ...props, ...(children.length && { children }) } as never)

/** The pieces in order; each gets a key from its place, so that an absent one does not shift those after it. */
function flat(children: Child, prefix = ''): Piece[] {
  return [children].flat().flatMap((child, i): Piece[] => {
    if (child === null || child === undefined || typeof child === 'boolean') return []
    if (Array.isArray(child)) return flat(child, `${prefix}${i}.`)
    if (typeof child !== 'object') return [{ tag: '', key: prefix + i, props: {}, children: [], text: String(child) }]
    return [{ ...child, key: `${prefix}${child.key ?? i}` }]
  })
}

function make(piece: Piece, parent: Node): Node {
  const { tag, props, text } = piece
  if (!tag) return document.createTextNode(text ?? '')
  const space = tag === 'svg' ? 'http://www.w3.org/2000/svg' : (parent as Element).namespaceURI
  const element = tag === 'svg' || tag === 'path' ? document.createElementNS(space, tag) : document.createElement(tag)
  change(element, {}, props)
  arrange(element, [], piece.children)
  props.ref?.(element as HTMLElement)
  return element
}

function change(element: Element, before: Attributes, now: Attributes): void {
  for (const name of Object.keys({ ...before, ...now }) as (keyof Attributes)[]) {
    const [was, is] = [before[name], now[name]]
    if (was === is || name === 'key' || name === 'ref' || name === 'children') continue
    if (name.startsWith('on')) {
      const event = name.slice(2).toLowerCase()
      if (was) element.removeEventListener(event, was as EventListener)
      if (is) element.addEventListener(event, is as EventListener)
    } else if (is === undefined || is === null || is === false) element.removeAttribute(name)
    else element.setAttribute(name, is === true ? '' : String(is))
  }
}

function arrange(parent: Node, before: Piece[], now: Piece[]): void {
  const known = new Map(before.map(piece => [`${piece.tag} ${piece.key}`, piece]))
  for (const piece of now) {
    const old = known.get(`${piece.tag} ${piece.key}`)
    known.delete(`${piece.tag} ${piece.key}`)
    piece.node = old?.node ?? make(piece, parent)
    if (!old) continue
    if (!piece.tag) {
      if (piece.text !== old.text) piece.node.nodeValue = piece.text ?? ''
    } else {
      change(piece.node as Element, old.props, piece.props)
      arrange(piece.node, old.children, piece.children)
    }
  }
  for (const { node } of known.values()) parent.removeChild(node as Node)
  now.forEach(({ node }, i) => {
    if (parent.childNodes[i] !== node) parent.insertBefore(node as Node, parent.childNodes[i] ?? null)
  })
}

const drawn = new WeakMap<Node, Piece[]>()

/** Makes what is below `parent` look like `child`. */
export function draw(parent: Node, child: Child): void {
  const pieces = flat(child)
  arrange(parent, drawn.get(parent) ?? [], pieces)
  drawn.set(parent, pieces)
}
