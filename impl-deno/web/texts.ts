// Every text of the page, in one place, ready to be translated. Functions where a text has a number or a name in it.

import type { Capability } from '@happy-remote/schemas/constants.ts'

const plural = (count: number, one: string, many: string): string =>
  count === 1 ? one : many.replace('#', String(count))

/** How long ago, in milliseconds. */
function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 2) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`
  return plural(Math.floor(seconds / 86_400), '1 day ago', '# days ago')
}

function size(bytes: number): string {
  if (bytes < 1_024) return plural(bytes, '1 byte', '# bytes')
  const power = Math.min(4, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1_024 ** power).toFixed(1).replace('.0', '')} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`
}

const capabilities: Readonly<Record<Capability, readonly [name: string, about: string]>> = {
  observe: ['See what happens', 'the conversation, and what happened before'],
  prompt: ['Give prompts', 'to the coding assistant'],
  approve: ['Answer the assistant', 'allow or deny what it wants to do'],
  terminal: ['Use a shell', 'run any command as you'],
  files: ['Read and change files', 'in the workspace of the agent'],
  git: ['Use git', 'see changes and commit'],
  'git.push': ['Push', 'to the remotes of the repository'],
  admin: ['Administer', 'remove other devices and grant capabilities'],
}

export const texts = {
  name: 'Happy Remote Control',
  back: 'Back',
  cancel: 'Cancel',
  close: 'Close',
  copy: 'Copy',
  copied: 'Copied',
  save: 'Save',
  ago,
  size,
  plural,
  capabilities,

  doors: {
    opening: 'Opening your keys…',
    elsewhere: 'Open in another tab',
    elsewhereAbout:
      'One tab at a time holds the keys of this device and its connections, so that nothing is said twice.',
    takeOver: 'Use it here',
    unusable: 'The keys of this device cannot be opened',
    unusableAbout:
      'This browser keeps them where only this page reaches them. In a private window, or where storage is full or switched off, there is no such place.',
    insecure:
      'Browsers give a page its keys at https:// and on the machine itself alone. Open this page at such an address.',
    again: 'Try again',
    code: (code: string) => `What the browser said: ${code}`,
  },

  computers: {
    title: 'Computers',
    none: 'No computer yet',
    noneAbout: 'Start the agent on your computer, and pair this device with the code that it shows.',
    command: 'npx happy-remote agent --pair',
    pair: 'Pair a computer',
    another: 'Pair',
    unnamed: 'A computer',
    choose: 'Choose a computer',
  },

  presence: {
    online: (heard: string) => `Online, heard ${heard}`,
    away: (heard: string) => `Away, last heard ${heard}`,
    never: 'Not heard yet',
    connecting: 'Reaching the relay…',
    offline: 'No way to the relay; trying again',
    superseded: 'This pairing is in use elsewhere',
    ended: 'The relay does not take this device',
    useHere: 'Use it here',
    unconfirmed: 'Waiting for the six digits',
    revoked: 'Removed at the computer',
    queued: (count: number) => plural(count, '1 waits to be sent', '# wait to be sent'),
    asks: (count: number) => plural(count, '1 waits for your answer', '# wait for your answer'),
    working: 'Working',
  },

  pair: {
    title: 'Pair a computer',
    about: 'On your computer, start the agent. It shows a code for ten minutes.',
    label: 'Pairing code or link',
    placeholder: 'HAPPY://…',
    go: 'Continue',
    consentTitle: 'Pair with this computer?',
    computer: 'Computer',
    relay: 'Through the relay',
    relayAbout: 'It passes sealed messages on and can read none of them.',
    expires: (seconds: number) =>
      seconds > 60
        ? `The code is good for ${Math.ceil(seconds / 60)} more minutes`
        : `The code is good for ${Math.max(0, seconds)} more seconds`,
    allows: 'This device will be able to',
    allowsAbout:
      'Unless you choose less at the computer. It amounts to sitting in front of it: what you send from here runs there as you.',
    deviceName: 'Name of this device',
    deviceNameAbout: 'So that you know it again in the list at the computer.',
    agree: 'Pair',
    reaching: 'Reaching the computer…',
    answerLate: 'The computer has not answered yet. Its code may be over, or somebody else has used it.',
    digitsTitle: 'Type this on the computer',
    digitsAbout: 'The digits prove that this device and your computer speak with each other, and nobody in between.',
    digitsLimit: 'The computer waits for a minute.',
    digitsSpoken: (digits: string) => `The six digits: ${[...digits].join(' ')}`,
    paired: 'Paired',
    pairedAbout: (name: string) => `You can now use ${name} from here.`,
    open: 'Open',
    failedTitle: 'Not paired',
    retry: 'Try another code',
    failures: {
      'qr-encoding': 'This is not a whole pairing code. Copy all of it, from HAPPY:// on.',
      'qr-length': 'This is not a whole pairing code. Copy all of it, from HAPPY:// on.',
      'qr-version': 'This code is of another version: this page or the agent is too old.',
      'qr-expired': 'This code has expired. Have the computer show another one.',
      'qr-insecure': 'This code asks for a relay without encryption on a public host, and is not used.',
      suite: 'This code offers nothing that this page knows: it may be too old.',
      unreachable: 'The relay cannot be reached. Look at your network, then try a new code.',
      timeout: 'The computer did not answer. The code may be over, or somebody else has used it: try a new one.',
      'pair-busy': 'Somebody else has used this code. If that was not you, see who is near, and try a new one.',
      'sas-mismatch': 'The digits were typed wrongly too often. Try a new code.',
      'identity-mismatch': 'Another computer answered than the one that showed the code. Nothing was stored.',
      unconfirmed: 'The digits were not typed in time. Try a new code.',
      rejected: 'The pairing was given up.',
    } as Readonly<Record<string, string>>,
    failure: 'The computer has refused this device. Try a new code.',
  },

  sections: { label: 'Parts of the computer', talk: 'Talk', files: 'Files', git: 'Git', about: 'About' } as Readonly<
    Record<string, string>
  >,

  talk: {
    label: 'Conversation',
    empty: 'Nothing was said yet',
    emptyAbout: 'Ask for something. It works on your computer, in',
    earlier: 'Show what was before',
    beginning: 'The beginning',
    down: 'To the newest',
    otherConversation: 'Another conversation',
    prompt: 'Prompt',
    placeholder: 'Ask for something…',
    placeholderAway: 'The computer is away; this waits for it…',
    send: 'Send',
    stop: 'Stop',
    stopTurn: 'Stop what runs now',
    stopAll: (count: number) =>
      plural(count, 'Stop, and drop the prompt that waits', 'Stop, and drop the # prompts that wait'),
    cannotPrompt: 'This device may look, but not give prompts.',
    cannotObserve: 'This device may not see the conversation.',
    you: 'You',
    thought: 'Thought',
    thinking: 'Thinking…',
    steps: { pending: 'waits', in_progress: 'runs', completed: 'done', failed: 'failed' } as Readonly<
      Record<string, string>
    >,
    tool: 'Tool',
    input: 'Input',
    output: 'Output',
    files: 'With',
    raw: 'An update of a kind that this page does not know',
    delivery: {
      pending: 'Waits to be sent',
      processing: 'On its way',
      accepted: 'Received',
      queued: 'Waits behind another prompt',
      started: 'Working on it',
      completed: 'Done',
      cancelled: 'Stopped',
      failed: 'Failed',
      expired: 'Not sent: it waited for more than a day',
      uncertain: 'It was sent, and whether it ran cannot be told',
    } as Readonly<Record<string, string>>,
    edit: 'Edit',
    editing: 'Edit the prompt',
    sooner: 'Sooner',
    later: 'Later',
    takeBack: 'Take back',
    again: 'Send again',
    hide: 'Hide',
    notTaken: (why: string) => `Not taken: ${why}`,
    paused: (by: string) => `Paused by ${by}. Nothing new begins until it is resumed.`,
  },

  files: {
    place: 'Place in the workspace',
    workspace: 'Workspace',
    folder: (name: string) => `Folder ${name}`,
    reading: 'Reading…',
    empty: 'Nothing is in this folder',
    more: 'Show more',
    again: 'Read again',
    up: 'Show the folder',
    choose: 'Choose a file',
    kinds: {
      folder: 'folder',
      link: 'link',
      other: 'neither a file nor a folder',
      unreachable: 'its name is not UTF-8, so that it cannot be asked for',
    } as Readonly<Record<string, string>>,
    unsaved: 'not saved',
    changed: (when: string) => `changed ${when}`,
    edit: 'Edit',
    keep: 'Save to this device',
    keeping: (part: string, all: string) => `${part} of ${all}`,
    part: (part: string, all: string) => `Only the first ${part} of ${all} are shown.`,
    next: 'Read the next piece',
    whyNot: {
      binary: 'This is not text (UTF-8), so that it is neither shown nor edited here.',
      large: 'It is too large to be edited here.',
      unread: 'It can be edited once all of it was read.',
      'line-ends': 'Its line ends are of several kinds. Editing here would change them all, so that it is only shown.',
    },
    hidden: 'It has characters that cannot be seen. They are shown as \\u…, and are in the text when you edit it.',
    textOf: (name: string) => `Text of ${name}`,
    saving: 'Saving…',
    saved: 'Saved',
    discard: 'Discard',
    discardSure: 'Discard what you wrote',
    goOn: 'Go on editing',
    notSaved: (why: string) => `Not saved: ${why}`,
    conflict: {
      title: 'The file has changed meanwhile',
      about: 'Somebody else has written it since you began. Nothing was saved. What you would change of it now:',
      gone: 'The file is gone',
      goneAbout: 'Somebody has removed or renamed it since you began. Nothing was saved; what you wrote is still here.',
      theirs: 'What is there now',
      theirsUnshown: (size: string) => `What is there now cannot be shown: it is no text, or too large (${size}).`,
      reload: 'Take theirs, drop mine',
      overwrite: 'Overwrite theirs with mine',
      create: 'Make it again from mine',
      drop: 'Drop mine',
      copy: 'Copy mine',
    },
    failures: {
      'not-found': 'It is not there any more: it was removed or renamed, or its folder was.',
      'not-a-file': 'This is neither a file nor a folder, and cannot be read.',
      'path-outside-workspace': 'It leads out of the workspace, which the agent does not open.',
      forbidden: 'The computer does not allow it: the file is protected, or belongs to somebody else.',
      conflict: 'The file has changed while it was read.',
      'too-large': 'There is no room for it on the disk of the computer.',
    } as Readonly<Record<string, string>>,
    noRight: 'This device has no right to files.',
    failed: (why: string) => `That did not work: ${why}.`,
  },

  git: {
    label: 'Changes',
    reading: 'Asking git…',
    again: 'Ask git again',
    noBranch: 'no branch is checked out',
    noCommit: 'No commit yet.',
    branch: (branch: string, upstream: string) => `${branch}, goes to ${upstream}`,
    ahead: (count: number) => plural(count, '1 commit to push', '# commits to push'),
    behind: (count: number) => plural(count, '1 commit to fetch at the computer', '# commits to fetch at the computer'),
    clean: 'Nothing has changed since the last commit.',
    cut: 'There are more changes than the computer can tell at once.',
    all: 'Choose all',
    choose: (path: string) => `Commit ${path}`,
    look: 'Choose a change',
    changes: 'All changes',
    kinds: {
      M: 'changed',
      T: 'another kind of file',
      A: 'new, staged',
      D: 'removed',
      R: 'renamed',
      C: 'copied',
      U: 'changed',
      '?': 'new',
    } as Readonly<Record<string, string>>,
    from: (path: string) => `from ${path}`,
    staged: 'staged',
    conflict: 'conflict: to be solved first',
    unreachable: 'its name is not UTF-8',
    stagedDiff: 'Staged',
    unstagedDiff: 'Not staged',
    diffCut: 'The rest is left out: it is too long.',
    noDiff: 'No difference to show.',
    isNew: 'The file is new; git shows no difference for it.',
    openFile: 'Open it in Files',
    notChanged: 'It has not changed since the last commit, or is not there.',
    message: 'Message',
    commit: (count: number) => plural(count, 'Commit 1 file', 'Commit # files'),
    commitStaged: (count: number) => plural(count, 'Commit what is staged: 1 file', 'Commit what is staged: # files'),
    most: (count: number) => `At most ${count} can be chosen at once.`,
    committing: 'Committing…',
    committed: (sha: string) => `Committed as ${sha.slice(0, 8)}`,
    push: 'Push',
    pushing: (seconds: number) => `Pushing for ${seconds} s; git has two minutes at most…`,
    pushed: (branch: string, remote: string) => `${branch} was pushed to ${remote}`,
    mayNotPush: 'This device may not push.',
    said: 'What git said',
    failures: {
      repository: 'The workspace is not the top folder of a git repository.',
      branch: 'There is no such remote, or no branch is checked out.',
      time: 'Git took too long, and was ended.',
      behind:
        'The remote has commits that are not here. Fetch them at the computer or ask the assistant, then push again.',
      refused: 'The remote does not take it.',
      access: 'The remote wants to know who you are. Sign in to it at the computer.',
      unreachable: 'The remote cannot be reached, or there is no repository at its address.',
      identity: 'Git does not know who commits. Set user.name and user.email at the computer.',
      nothing: 'There is nothing to commit.',
      gone: 'A file that you chose is not known to git any more. Ask git again.',
      git: 'Git has refused it.',
      right: 'This device has no right to that.',
      uncertain: 'The connection was lost, and whether it was done cannot be told. Ask git again.',
    },
    failed: (why: string) => `That did not work: ${why}.`,
  },

  missed: {
    lost: 'Something was lost on the way, and was fetched.',
    pruned: (count: number) => `The computer no longer keeps ${count} of the things that happened here.`,
    restarted: 'The history of the computer began anew; what happened before is unknown.',
  },

  events: {
    joined: (name: string) => `${name} was paired.`,
    changed: (name: string, may: string) => `${name} may now: ${may}.`,
    revoked: (name: string) => `${name} is no longer paired.`,
    paused: (by: string) => `Paused by ${by}.`,
    resumed: (by: string) => `Resumed by ${by}.`,
    exited: (code: string) => `A terminal has ended${code}.`,
    lost: (count: number) => `The computer could not keep ${count} of the events before this.`,
    unknown: (name: string) => `Something happened that this page does not know: ${name}`,
  },

  ask: {
    waiting: 'Waiting for you',
    asks: 'The assistant asks',
    wants: 'The assistant wants to know',
    tool: 'Tool',
    exact: 'Exactly this is asked',
    more: 'Scroll to see all of it',
    expires: (seconds: number) => `Must be answered within ${seconds} s`,
    expired: 'Its time is over',
    note: 'Note for the assistant',
    noteAbout: 'Why not, or what to do instead',
    denyWithNote: 'Deny with a note…',
    always: 'Beyond this once',
    sure: (name: string) => `Choose “${name}”`,
    cannot: 'This device may not answer; another one or the computer can.',
    faster: 'Somebody else was faster.',
    over: 'It waits for an answer no longer.',
    failed: (why: string) => `The answer was not taken: ${why}`,
    outcomes: {
      allowed: 'Allowed',
      denied: 'Denied',
      answered: 'Answered',
      declined: 'Not answered',
      cancelled: 'Withdrawn: what ran was stopped',
      expired: 'Not answered in time',
      orphaned: 'Lost: the assistant was restarted',
      local: 'Answered at the computer',
    } as Readonly<Record<string, string>>,
    by: (outcome: string, who: string) => `${outcome} by ${who}`,
    open: 'Not answered yet',
    answer: 'Answer',
    decline: 'Decline to answer',
    required: 'needed',
    none: '(nothing)',
    other: 'Something else',
    yes: 'Yes',
    notFitting: 'This does not fit.',
  },

  who: { self: 'this device', local: 'the computer', unknown: (id: string) => `device ${id.slice(0, 8)}` },

  about: {
    title: 'About this computer',
    id: 'Its id',
    relay: 'Relay',
    software: 'Software',
    workspace: 'Works in',
    assistant: 'Assistant',
    scripted: 'follows a script and runs nothing',
    noAssistant: 'none',
    unavailable: 'cannot be started',
    may: 'This device may',
    devices: 'Paired devices',
    self: 'this device',
    lastHeard: (heard: string) => `heard ${heard}`,
    rename: 'Rename this device',
    remove: 'Remove this computer',
    removeAbout: 'The pairing ends at the computer and here. To use it again you pair anew.',
    removeAway:
      'It is away: the pairing ends here alone. The computer keeps this device in its list until you remove it there.',
    removeSure: 'Remove',
    removeFailed: (why: string) => `It was not removed: ${why}`,
  },

  /** By the codes of errors; the rest as the code itself. */
  errors: {
    timeout: 'the computer did not answer in time',
    'assistant-unavailable': 'the assistant cannot be started',
    paused: 'the computer is paused',
    forbidden: 'this device may not',
    'too-large': 'it is too large',
    busy: 'too many wait already',
    conflict: 'it has changed meanwhile',
    revoked: 'the pairing is over',
    unsupported: 'the assistant cannot take that',
    interrupted: 'it was interrupted',
  } as Readonly<Record<string, string>>,
}

/** A sentence's worth of an error, for people: the code stands for what has no text. */
export const errorText = (error: unknown): string => {
  const { code, message } = error as { code?: string; message?: string }
  return (code !== undefined && (texts.errors[code] ?? code)) || message || 'unknown'
}
