import { initAll } from './nhsuk.mjs'

document.body.classList.add('js-enabled', 'nhsuk-frontend-supported')
initAll()
