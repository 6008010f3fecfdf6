// The git of a Node agent in real Chromium: what has changed, commit and push, and what goes wrong.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertAccessible, startScene } from './testing/scene.ts'

const TIME = { timeout: 240_000 }

const gitIn =
  (folder: string) =>
  (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.org', ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()

/** With one commit, which hides what the agent keeps in its workspace. */
function makeRepository(workspace: string) {
  const git = gitIn(workspace)
  git('init', '-b', 'main')
  git('config', 'user.name', 'Desk')
  git('config', 'user.email', 'desk@example.org')
  appendFileSync(join(workspace, '.git', 'info', 'exclude'), '.state\n')
  for (const name of ['a.txt', 'b.txt', 'c.txt']) writeFileSync(join(workspace, name), 'one\n')
  git('add', '.')
  git('commit', '-m', 'First')
  return git
}

test('chosen files are committed and pushed to a bare repository, which may be ahead', TIME, async () => {
  const scene = await startScene({ grant: 'observe,prompt,files,git,git.push' })
  const { tab, workspace } = scene
  const there = mkdtempSync(join(tmpdir(), 'happy-remote-bare-'))
  const [bare, clone] = [join(there, 'bare.git'), join(there, 'clone')]
  try {
    const git = makeRepository(workspace)
    git('init', '--bare', '-b', 'main', bare)
    git('remote', 'add', 'origin', bare)
    git('push', '-u', 'origin', 'main')
    writeFileSync(join(workspace, 'a.txt'), 'two\n')
    writeFileSync(join(workspace, 'b.txt'), 'two\n')
    writeFileSync(join(workspace, 'new <b>.txt'), 'new\n')
    await scene.pair()
    await tab.getByRole('link', { name: 'Git' }).click()
    await tab.getByRole('heading', { name: 'main, goes to origin/main' }).waitFor()
    await assertAccessible(tab)
    await tab.getByRole('link', { name: 'a.txt changed' }).click()
    await tab.locator('.diff .removed', { hasText: '-one' }).waitFor()
    await tab.locator('.diff .added', { hasText: '+two' }).waitFor()
    await assertAccessible(tab)
    await tab.goBack()

    const commit = tab.getByRole('button', { name: 'Commit 2 files' })
    await tab.getByLabel('Commit a.txt').check()
    await tab.getByLabel('Commit new <b>.txt').check()
    assert.equal(await commit.isDisabled(), true)
    await tab.getByLabel('Message').fill('# Two\n\nNot a comment')
    await commit.click()
    await tab.getByText('Committed as', { exact: false }).waitFor()
    assert.equal(git('log', '-1', '--format=%B'), '# Two\n\nNot a comment')
    assert.equal(git('show', '--format=', '--name-only', 'HEAD'), 'a.txt\nnew <b>.txt')

    await tab.getByText('1 commit to push').waitFor()
    await tab.getByRole('button', { name: 'Push' }).click()
    await tab.getByText('main was pushed to origin').waitFor()
    assert.equal(gitIn(bare)('rev-parse', 'main'), git('rev-parse', 'HEAD'))

    git('clone', bare, clone)
    gitIn(clone)('commit', '--allow-empty', '-m', 'Theirs')
    gitIn(clone)('push')
    // What is staged as gone is chosen by its name like all else.
    git('rm', '--quiet', 'c.txt')
    git('mv', 'b.txt', 'd.txt')
    await tab.getByRole('button', { name: 'Ask git again' }).click()
    await tab.getByRole('link', { name: 'c.txt removed, staged' }).waitFor()
    await tab.getByLabel('Commit c.txt').check()
    await tab.getByLabel('Message').fill('Without c\n\nNobody read it.')
    await tab.getByRole('button', { name: 'Commit 1 file' }).click()
    await tab.getByText('1 commit to push').waitFor()
    assert.equal(git('show', '--format=', '--name-only', 'HEAD'), 'c.txt')
    await tab.getByLabel('Message').fill('Renamed')
    await tab.getByRole('button', { name: 'Commit what is staged: 1 file' }).click()
    await tab.getByText('2 commits to push').waitFor()

    await tab.getByRole('link', { name: 'History' }).click()
    await tab.getByText('Renamed', { exact: true }).waitFor()
    await tab.getByText('Without c', { exact: true }).click()
    await tab.getByText('Nobody read it.').waitFor()
    await tab.getByText('Desk <desk@example.org>').waitFor()
    await tab.getByText(git('rev-parse', 'HEAD~1')).waitFor()
    await tab.getByRole('heading', { name: 'What it has changed' }).waitFor()
    await tab.locator('.commit .diff .meta', { hasText: '--- a/c.txt' }).waitFor()
    await tab.locator('.commit .diff .removed', { hasText: '-one' }).waitFor()
    await assertAccessible(tab)
    await tab.getByRole('link', { name: 'All changes' }).click()
    await tab.getByRole('button', { name: 'Push' }).click()
    await tab.getByText('The remote has commits that are not here.', { exact: false }).waitFor()
    await tab.getByText('What git said').click()
    await tab.getByText('[rejected]', { exact: false }).waitFor()
    await assertAccessible(tab)
    assert.equal(gitIn(bare)('log', '-1', '--format=%s', 'main'), 'Theirs')

    rmSync(bare, { recursive: true })
    await tab.getByRole('button', { name: 'Push' }).click()
    await tab.getByText('The remote cannot be reached', { exact: false }).waitFor()
  } finally {
    await scene.close()
    rmSync(there, { recursive: true, force: true })
  }
})

test('no repository, a hook that refuses, and no right to push have their sentences', TIME, async () => {
  const scene = await startScene()
  const { tab, workspace } = scene
  try {
    await scene.pair()
    await tab.getByRole('link', { name: 'Git' }).click()
    await tab.getByText('The workspace is not the top folder of a git repository.').waitFor()
    await assertAccessible(tab)
    makeRepository(workspace)
    writeFileSync(join(workspace, 'a.txt'), 'two\n')
    writeFileSync(join(workspace, '.git', 'hooks', 'pre-commit'), '#!/bin/sh\necho "<i>not today</i>" >&2\nexit 1\n', {
      mode: 0o755,
    })
    await tab.getByRole('button', { name: 'Ask git again' }).click()
    await tab.getByText('This device may not push.').waitFor()
    assert.equal(await tab.getByRole('button', { name: 'Push' }).count(), 0)
    await tab.getByLabel('Commit a.txt').check()
    await tab.getByLabel('Message').fill('Refused')
    await tab.getByRole('button', { name: 'Commit 1 file' }).click()
    await tab.getByText('Git has refused it.').waitFor()
    await tab.getByText('What git said').click()
    await tab.getByText('<i>not today</i>', { exact: false }).waitFor()
    // Nothing that was written is lost.
    assert.equal(await tab.getByLabel('Message').inputValue(), 'Refused')
  } finally {
    await scene.close()
  }
})
