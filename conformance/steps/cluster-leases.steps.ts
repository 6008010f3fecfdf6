import { Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import { Failed } from '../shim/trouble.ts'
import { pause, scripted, until } from './cluster.ts'
import type { SuiteWorld } from './world.ts'

Then('the node has a lease of at most 30 s', async function (this: SuiteWorld) {
  const node = await scripted(this)
  const left = await node.leaseOf(node.heardNode)
  if (left === undefined) throw new Failed('The node has no lease')
  if (left < 0 || left > limits.clusterLease) throw new Failed(`The lease of the node has ${left} ms left`)
})

Then('the node has no lease', async function (this: SuiteWorld) {
  const node = await scripted(this)
  if ((await node.leaseOf(node.heardNode)) !== undefined) throw new Failed('The node still has a lease')
})

Then(
  'the lease of the node is renewed within {int} s, and again within {int} s',
  { timeout: 60_000 },
  async function (this: SuiteWorld, first: number, second: number) {
    const node = await scripted(this)
    for (const within of [first, second]) {
      let least = (await node.leaseOf(node.heardNode)) ?? 0
      await until(
        async () => {
          const left = (await node.leaseOf(node.heardNode)) ?? 0
          const isRenewed = left > least + 1_000
          least = Math.min(least, left)
          return isRenewed
        },
        within * 1_000,
        'The lease of the node is not renewed',
      )
    }
  },
)

When('the lease of the scripted node ends', async function (this: SuiteWorld) {
  await (await scripted(this)).deleteLease()
})

When('the lease of the node ends', async function (this: SuiteWorld) {
  const node = await scripted(this)
  await node.deleteLease(node.heardNode)
})

When('{int} s pass, in which the scripted node keeps its lease', async function (this: SuiteWorld, seconds: number) {
  const end = performance.now() + seconds * 1_000
  for (; performance.now() < end; await pause(1_000)) await (await scripted(this)).setLease()
})

Then(
  'every key in Redis begins with {string} and expires within 30 s',
  async function (this: SuiteWorld, prefix: string) {
    await this.settle()
    const keys = await (await scripted(this)).keys()
    if (keys.size === 0) throw new Failed('The node keeps nothing in Redis, not even its lease')
    for (const [name, left] of keys) {
      if (!name.startsWith(prefix)) throw new Failed(`The node keeps a key ${name}`)
      if (left < 0 || left > limits.clusterLease) throw new Failed(`The key ${name} has ${left} ms left`)
    }
  },
)
