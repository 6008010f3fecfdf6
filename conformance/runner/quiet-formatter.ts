// Cucumber wants a formatter; the report is made from its messages (report/), so this one is silent.

import { Formatter } from '@cucumber/cucumber'

export default class QuietFormatter extends Formatter {}
