// xterm 6.0.0 writes <style> elements and style attributes, which the policy of the page forbids. Its option for another
// document does not reach all of its parts, so `document.createElement` itself gives out elements that put the same rules
// into constructed style sheets and the same declarations into the object model, which a script of the page may use.

const create = (name: string, options?: ElementCreationOptions): HTMLElement =>
  Document.prototype.createElement.call(document, name, options)

/** In the place of a <style> element: what is written into it becomes a style sheet of the document. */
function styleElement(): HTMLElement {
  const element = create('span')
  const sheet = new CSSStyleSheet()
  element.hidden = true
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
  Object.defineProperty(element, 'textContent', { set: (css: string) => void sheet.replaceSync(css) })
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet)
    Element.prototype.remove.call(element)
  }
  return element
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value
  else Element.prototype.setAttribute.call(this, name, value)
}

function createElement(name: string, options?: ElementCreationOptions): HTMLElement {
  if (name === 'style') return styleElement()
  const element = create(name, options)
  // The pieces of a row.
  if (name === 'span') element.setAttribute = setAttribute
  return element
}

/** From then on, for as long as the page is open. */
export function keepStylesStrict(): void {
  Object.defineProperty(document, 'createElement', { value: createElement, configurable: true })
}
