// Folding and filtering. The page is whole without it.
const scenarios = [...document.querySelectorAll('details.scenario')]
const form = document.querySelector('form.filter')

/** A link may lead to what is folded. */
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  for (let each = target; each; each = each.parentElement) if (each.tagName === 'DETAILS') each.open = true
  target?.scrollIntoView()
}
addEventListener('hashchange', reveal)
if (location.hash) reveal()

if (form) {
  const [search, output, kinds] = ['input', 'output', '.kinds'].map((each) => form.querySelector(each))
  const verdicts = [...new Set(scenarios.map(({ dataset }) => dataset.verdict))].sort()
  for (const verdict of verdicts) {
    const label = document.createElement('label')
    const box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: true, value: verdict })
    label.append(box, ` ${verdict}`)
    kinds.append(label)
  }
  const update = () => {
    const wanted = search.value.trim().toLowerCase()
    const chosen = new Set([...kinds.querySelectorAll(':checked')].map(({ value }) => value))
    let count = 0
    for (const each of scenarios) {
      const text = `${each.id} ${each.textContent}`.toLowerCase()
      each.hidden = !chosen.has(each.dataset.verdict) || !text.includes(wanted)
      if (!each.hidden) count += 1
    }
    for (const group of document.querySelectorAll('section.group'))
      group.hidden = !group.querySelector('details.scenario:not([hidden])')
    output.textContent = count === scenarios.length ? '' : `${count} of ${scenarios.length}`
  }
  form.addEventListener('input', update)
  form.addEventListener('submit', (event) => event.preventDefault())
  form.addEventListener('click', ({ target }) => {
    if (target.dataset.fold === undefined) return
    for (const each of scenarios) each.open = target.dataset.fold === 'open'
  })
  form.hidden = false
}
