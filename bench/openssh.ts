// OpenSSH as it is installed, for comparison: a server of our own on loopback, with its own configuration, port and keys.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Command } from './live.ts'

/** It re-executes itself, and wants its whole path for that. */
const SERVERS = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd', '/opt/homebrew/sbin/sshd']
const START_TIME = 10_000

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export const sshServer = (): string | undefined => SERVERS.find(isProgram)

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

export class OpenSsh {
  readonly #server: ChildProcess
  readonly #folder: string
  readonly #port: number

  private constructor(server: ChildProcess, folder: string, port: number) {
    this.#server = server
    this.#folder = folder
    this.#port = port
  }

  /** As the user who runs this, who is the only one that it lets in. Throws where it does not start. */
  static async start(program: string): Promise<OpenSsh> {
    const folder = mkdtempSync(join(tmpdir(), 'happy-remote-sshd-'))
    const port = await freePort()
    for (const key of ['host', 'user']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)])
    }
    const config = {
      ...{ ListenAddress: `127.0.0.1:${port}`, HostKey: join(folder, 'host'), PidFile: 'none', UsePAM: 'no' },
      ...{ AuthorizedKeysFile: join(folder, 'user.pub'), StrictModes: 'no', PasswordAuthentication: 'no' },
      ...{ PrintMotd: 'no', PrintLastLog: 'no' },
    }
    const file = join(folder, 'config')
    writeFileSync(
      file,
      Object.entries(config)
        .map((pair) => `${pair.join(' ')}\n`)
        .join(''),
    )
    // Where root runs it, it insists on this folder, which a system that has not started its own server lacks.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
    const server = spawn(program, ['-D', '-e', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-1_000)
    })
    const made = new OpenSsh(server, folder, port)
    for (const deadline = performance.now() + START_TIME; !(await listens(port)); ) {
      if (server.exitCode !== null || performance.now() > deadline) {
        made.end()
        throw new Error(`Cannot start ${program}: ${said.trim()}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return made
  }

  /** A client with a terminal in which `command` runs. */
  terminal(command: string): Command {
    const options = {
      ...{ IdentityFile: join(this.#folder, 'user'), IdentitiesOnly: 'yes', LogLevel: 'ERROR' },
      ...{ StrictHostKeyChecking: 'no', UserKnownHostsFile: '/dev/null', Compression: 'no' },
    }
    const given = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    const to = `${userInfo().username}@127.0.0.1`
    return ['ssh', '-F', 'none', '-p', String(this.#port), '-tt', ...given, to, command]
  }

  end(): void {
    this.#server.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
