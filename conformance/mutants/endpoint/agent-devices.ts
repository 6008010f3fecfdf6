// Faults of an agent with capabilities and devices.

import type { EndpointMutant } from '../mutant.ts'
import { agent } from './fault.ts'

const AGENT = 'agent/agent'
const DEVICE = 'agent/methods/device'
const SESSION = 'agent/methods/session'

export const agentDevices: readonly EndpointMutant[] = [
  agent(
    'name-of-any-bytes',
    'takes a name of 64 characters, however many bytes they are',
    ['rpc.device.name'],
    DEVICE,
    'if (Buffer.byteLength(name) > limits.nameMax) {',
    'if (name.length > limits.nameMax) {',
  ),
  agent(
    'grants-admin',
    'grants "admin" by itself',
    ['rpc.capability.default'],
    'shim/agent',
    'offer: async ({ capabilities = DEFAULT_CAPABILITIES }) => {',
    "offer: async ({ capabilities = [...DEFAULT_CAPABILITIES, 'admin'] }) => {",
  ),
  agent(
    'revoke-needs-admin',
    'lets nobody revoke itself without "admin"',
    ['rpc.device.own'],
    SESSION,
    'if (deviceId === caller.deviceId) {',
    "if (deviceId === caller.deviceId && caller.capabilities.has('admin')) {",
  ),
  agent(
    'anybody-revokes',
    'lets anybody revoke anybody',
    ['rpc.device.admin'],
    SESSION,
    "requireAdmin(caller, 'revoke another device')",
    '',
  ),
  agent(
    'revokes-nobody',
    'says that it revoked a device that there is not',
    ['rpc.device.not-found'],
    SESSION,
    'if (!devices.revoke(deviceId)) {',
    'if (!devices.revoke(deviceId) && deviceId.length === 0) {',
  ),
  agent(
    'revokes-first',
    'revokes a pairing before it answers',
    ['rpc.device.response-first'],
    SESSION,
    'caller.afterResponse(() => devices.revoke(deviceId))',
    'devices.revoke(deviceId)',
  ),
  agent(
    'joined-unsaid',
    'tells nobody of a new device',
    ['rpc.device.events'],
    AGENT,
    "this.#emit('device.joined', { deviceId, name: link.record.peerName })",
    'undefined',
  ),
  agent(
    'revoked-unsaid',
    'tells nobody of a revoked device',
    ['rpc.device.events'],
    AGENT,
    "    this.#emit('device.revoked', { deviceId })\n",
    '',
  ),
  agent(
    'always-online',
    'calls every device online that was ever heard',
    ['rpc.device.list'],
    AGENT,
    'online: link.heardAt !== null && this.#now() - link.heardAt < limits.presenceFresh,',
    'online: link.heardAt !== null,',
  ),
  agent(
    'anybody-renames',
    'lets anybody rename anybody',
    ['rpc.device.rename-other'],
    DEVICE,
    "if (deviceId !== caller.deviceId) requireAdmin(caller, 'rename another device')",
    '',
  ),
  agent(
    'name-forgotten',
    'forgets the name that a device was given',
    ['rpc.device.rename'],
    AGENT,
    'peerName: name ?? record.peerName',
    'peerName: record.peerName',
  ),
  agent(
    'grant-adds',
    'adds the capabilities that are granted to those that a device has',
    ['rpc.device.grant'],
    AGENT,
    'capabilities: capabilities ?? record.capabilities',
    'capabilities: [...new Set([...(capabilities ?? []), ...record.capabilities])]',
  ),
  agent(
    'goes-on-showing',
    'shows its terminals to a device that has lost "terminal"',
    ['rpc.device.grant-output'],
    AGENT,
    "if (!link.record.capabilities.includes('terminal')) this.#terminals.detach(deviceId)",
    '',
  ),
  agent(
    'changes-nobody',
    'says that it renamed a device that there is not',
    ['rpc.device.change-not-found'],
    DEVICE,
    'if (devices.change(deviceId, changes)) return {}',
    'if (devices.change(deviceId, changes) || deviceId.length > 0) return {}',
  ),
  agent(
    'changes-in-silence',
    'tells nobody that a device has another name or other capabilities',
    ['rpc.device.changed'],
    AGENT,
    "this.#emit('device.changed', { deviceId, ...told })",
    'void told',
  ),
]
