// What the address says is to be shown, behind its #, so that any server of files can serve the page.

import { signal } from '@preact/signals'

export type Route =
  | { readonly at: 'computers' }
  | { readonly at: 'pair' }
  | {
      readonly at: 'computer'
      readonly id: string
      readonly section: string
      /** What is looked at in the section: its names, outermost first. */
      readonly path: readonly string[]
    }

export const linkTo = {
  computers: '#/',
  pair: '#/pair',
  computer: (id: string, section: string = 'talk', path: readonly string[] = []): string =>
    ['#', 'computer', id, section, ...path.map(encodeURIComponent)].join('/'),
}

function routeOf(hash: string): Route {
  const [, first, id, section = 'talk', ...path] = hash.split('/')
  if (first === 'pair') return { at: 'pair' }
  if (first !== 'computer' || !id) return { at: 'computers' }
  return { at: 'computer', id, section, path: path.filter((name) => name !== '').map(decoded) }
}

/** A name that somebody has typed into the address may be no URL encoding. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

export const route = signal<Route>({ at: 'computers' })

export function go(hash: string): void {
  location.hash = hash
}

/**
 * Follows the address. What stands behind a # and is no place of this page is a pairing code, which is taken out of the
 * address and the history at once, and handed to `code`.
 */
export function followAddress(code: (text: string) => void): void {
  const read = () => {
    const { hash, pathname } = location
    if (hash !== '' && !hash.startsWith('#/')) {
      history.replaceState(null, '', `${pathname.replace(/[^/]*$/, '')}${linkTo.pair}`)
      code(hash.slice(1))
    } else if (hash === '') history.replaceState(null, '', linkTo.computers)
    route.value = routeOf(location.hash)
  }
  addEventListener('hashchange', read)
  read()
}
