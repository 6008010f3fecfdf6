// What the scripted assistants of the interop scenarios do.

import type { Script } from '../../assistants/script.ts'

const options = [
  { id: 'yes', name: 'Allow once', kind: 'allow_once' as const },
  { id: 'no', name: 'Deny', kind: 'reject_once' as const },
]

export const interopScripts = {
  plain: { name: 'Plain', replies: [], otherwise: [{ do: 'text', text: 'Done.' }] },
  unknownUpdate: {
    name: 'Later',
    replies: [],
    otherwise: [
      { do: 'unknown', kind: 'update_of_a_later_version', fields: { one: 1 } },
      { do: 'text', text: 'Done.' },
    ],
  },
  asking: {
    name: 'Asking',
    replies: [],
    otherwise: [
      {
        do: 'tool',
        call: 'push',
        title: 'git push',
        kind: 'execute',
        status: 'pending',
        input: { command: 'git push' },
      },
      {
        do: 'permission',
        call: 'push',
        title: 'Run `git push`',
        tool: 'Bash',
        options,
        on: {
          yes: [{ do: 'text', text: 'It was allowed.' }],
          no: [{ do: 'text', text: 'It was denied.' }],
        },
      },
    ],
  },
  wondering: {
    name: 'Wondering',
    replies: [],
    otherwise: [
      {
        do: 'question',
        message: 'Where?',
        schema: { properties: { branch: { type: 'string', minLength: 1 } }, required: ['branch'] },
        on: { accept: [{ do: 'text', text: 'It is {values}.' }] },
      },
    ],
  },
} as const satisfies Record<string, Script>
