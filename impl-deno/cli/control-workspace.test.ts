// `control` for what is in the workspace: files, git, conversations and what happened.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { paired } from '../testing/command-line.ts'

Deno.test('ls, cat, get and put: files of any bytes and size, over another one only when told to', () =>
  paired(async (control, folder) => {
    const workspace = `${folder}/agent/workspace`
    const bytes = new Uint8Array(1_200_000).map((_, i) => (i * i) % 251)
    await Deno.writeFile(`${workspace}/large`, bytes)
    await Deno.writeTextFile(`${workspace}/a\n\u001b[2Jb`, 'plain')
    await Deno.mkdir(`${workspace}/folder`)
    const listed = await control(['ls'])
    assert.deepEqual(
      listed.text
        .trimEnd()
        .split('\n')
        .map((line) => line.slice(29)),
      ['a\\u000a\\u001b[2Jb', 'folder/', 'large'],
    )
    assert.equal((await control(['cat', 'a\n\u001b[2Jb'])).text, 'plain')
    const file = `${folder}/fetched`
    const fetched = await control(['get', 'large', file, '--json'])
    assert.deepEqual(fetched.lines, [{ event: 'fetched', path: 'large', file, size: bytes.length }])
    assert.deepEqual(await Deno.readFile(file), bytes)
    const again = await control(['get', 'large', file])
    assert.deepEqual([again.code, /--force/.test(again.errors)], [1, true])
    const [written] = (await control(['put', file, 'folder/', '--json'])).lines
    assert.deepEqual([written?.path, written?.size], ['folder/fetched', bytes.length])
    assert.deepEqual(await Deno.readFile(`${workspace}/folder/fetched`), bytes)
    const over = await control(['put', file, 'folder/fetched'])
    assert.deepEqual([over.code, /--force/.test(over.errors)], [1, true])
    assert.equal((await control(['put', file, 'folder/fetched', '--force'])).code, 0)
    const codes = []
    for (const args of [['cat', 'no'], ['cat', '../x'], ['put', file, '.git/x'], ['put', 'no', 'x'], ['cat']]) {
      codes.push((await control(args)).code)
    }
    assert.deepEqual(codes, [1, 1, 5, 1, 2])
  }))

Deno.test('history shows the newest entries, the newest last', () =>
  paired(async (control) => {
    await control(['prompt', 'hello', '--json', '--allow'])
    const all = await control(['history', '--json', '--limit', '5'])
    const seqs = all.lines.map(({ seq }) => Number(seq))
    assert.deepEqual([all.code, seqs.length], [0, 5])
    assert.ok(seqs.every((seq, i) => seq === Number(seqs[0]) + i))
    assert.match((await control(['history', '--limit', '1'])).text, new RegExp(`^${seqs.at(-1)}  `))
    assert.equal((await control(['history', '--limit', 'x'])).code, 2)
  }))

Deno.test('conversations are listed and opened, also between two lines of a talk', () =>
  paired(async (control) => {
    assert.equal((await control(['conversations'])).text, 'There is no conversation yet.\n')
    await control(['prompt', 'hello', '--allow'])
    const opened = await control(['open', '--new', '--json'])
    assert.deepEqual([opened.code, opened.lines[0]?.event], [0, 'opened'])
    await control(['prompt', 'hello again', '--allow'])
    const { lines } = await control(['conversations', '--json'])
    assert.deepEqual(
      lines.map(({ title, open }) => [title, open]),
      [
        ['hello again', true],
        ['hello', false],
      ],
    )
    const [second = '', first = ''] = lines.map(({ conversationId }) => String(conversationId))
    assert.equal(second, opened.lines[0]?.conversationId)
    assert.equal((await control(['open', first.slice(0, 8)])).code, 0)
    assert.match((await control(['conversations', '--limit', '5'])).text, /^\* [0-9a-f]{8} {2}.* {2}hello$/m)
    const talk = await control([], `/open ${second}\n/open --new\n/conversations\n/open nothing\n`)
    assert.match(talk.text, /^\* [0-9a-f]{8} {2}.*\(nothing was said yet\)$/m)
    assert.match(talk.errors, /There is no such conversation/)
    for (const wrong of [['open'], ['open', 'a', '--new'], ['conversations', '--limit', 'x']]) {
      assert.equal((await control(wrong)).code, 2)
    }
  }))

Deno.test('git tells and commits, and says what git says where it refuses', () =>
  paired(async (control, folder) => {
    const workspace = `${folder}/agent/workspace`
    const git = (...args: string[]) => execFileSync('git', ['-C', workspace, ...args], { stdio: 'pipe' }).toString()
    assert.equal((await control(['git', 'status'])).code, 1)
    git('init', '--quiet', '--initial-branch=main')
    git('config', 'user.name', 'Ada')
    git('config', 'user.email', 'a@b.c')
    writeFileSync(`${workspace}/-odd\u001b[2J`, 'text\n')
    const status = await control(['git', 'status'])
    assert.equal(status.text, 'On main, no commit yet\n?? -odd\\u001b[2J\n')
    const committed = await control(['git', 'commit', '--json', '-m', 'first', '--', '-odd\u001b[2J'])
    assert.deepEqual([committed.code, committed.lines[0]?.sha], [0, git('rev-parse', 'HEAD').trim()])
    const again = await control(['git', 'commit', '--message', 'again'])
    assert.equal(again.code, 1)
    assert.match(again.errors, /nothing to commit/)
    const log = await control(['git', 'log', '--json'])
    assert.deepEqual([log.lines[0]?.event, log.lines[0]?.message], ['commit', 'first\n'])
    const sha = log.lines[0]?.sha as string
    const shown = await control(['git', 'show', sha.slice(0, 7)])
    assert.match(shown.text, /^\+text$/m)
    const [told] = (await control(['git', 'show', '--json', sha, '--', '-odd\u001b[2J'])).lines
    assert.deepEqual([told?.event, told?.sha, told?.truncated], ['show', sha, false])
    assert.equal((await control(['git', 'show', '0000000'])).code, 1)
    assert.equal((await control(['git', 'push'])).code, 5)
    for (const wrong of [
      ['git'],
      ['git', 'status', 'x'],
      ['git', 'log', '--staged'],
      ['git', 'commit'],
      ['git', 'show', 'HEAD'],
    ]) {
      assert.equal((await control(wrong)).code, 2)
    }
  }))
