// The known answers, against a copy of them that no generator writes. Private seeds are
// SHA-256("hrc1-kat:" + name).

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parsePairingCode } from '../session/pairing-code.ts'
import { hex, secretOf, unhex } from './deterministic.ts'
import { knownAnswers } from './known-answers.ts'
import { Input } from './operation.ts'

const file = JSON.parse(readFileSync(new URL('../../vectors/known-answers.json', import.meta.url), 'utf8'))
const { input } = file.groups[0].tests[0]

test('the secrets of the known answers are hashes of their names', () => {
  for (const [name, secret] of Object.entries<string>(input.secrets)) {
    assert.equal(hex(secretOf(`hrc1-kat:${name}`, secret.length / 2)), secret, name)
  }
})

const EXPECTED: Record<string, string> = {
  qr_uri:
    'HAPPY://AEAAC22J2IAN6YF5JX2TCNIO3OFYOMYVHL6MERYHMAYFHTJTMCJLUIFXYZGR7PEMHYO6W262S7ITP33TU26LPK2SCFZGK3DBPEXGK6DBNVYGYZJOMNXW2',
  device_agent: 'df60bd4df531350edb8b8733153afcc2',
  device_controller: '8f61640aa471f7d13b9db23d888521d1',
  route_agent: '4707603053cd336092ba20b7c64d1fbc',
  route_controller: '37a34531d7aae128bb2277d3d71b39fa',
  sha256_M1: '76c96e923ef670914d52eebd490a62b03106bc30fdab512e45423c6b8ff6d059',
  sha256_M2: '2ebc5ddf95f941a354efb9786d11b669dac1e088431caa9ea5137f56dc97906d',
  sha256_M3: 'bfa43363cd4a41ef78aeaf61299ce9a3baa998659209e36d18db52a492abf8a0',
  TH: 'a68cb834f6db453eb708664909bc4241c4d447af6f93df2a8b6aed6263498c13',
  rk0: '7a96e8b0b4ab9a88877aa381e1089b59dd790a667d3c9cf9464dde593b3edb73',
  kca: '420e4a0f4ba56385159d7b684eeca17472d2c484010c40a69484e209bec17367',
  kcc: 'b883f073bb7a512fe351d52dcf6ad046f79f2dc2394f53f403dbe65a9b3d50d3',
  sask: '5e1daa1e9850b972b5a5c5db69c511c88bb339b36de4bac68aa7b573a5a17b54',
  ppk: '053a3cc5731e08c21ae2d404be0a9cf709ef81ebe7b783e953bed2209f2063f8',
  sid: '10a7e14253fbd5d09e37d880596faebd',
  htka: 'a6256b809e08079dce22fc3747edff834bb58c3649fbcd8c5757ac4542d6700f',
  htkc: 'baddc6578f4b24d3784ba6a249b01a069aba097e32c4aeef8048d5943ea232ac',
  sas: '523495',
  msg_c2a_0:
    '011100018347b56ec9ebb7f5c4307bb139326ab99022c459dd6f833d7f7ddf4b9ecdd01ffcc4ce1283c57d5c00000000000000000767f4539669596d0aa82de87faeb28ea7ba088fa0e88dbfc9e9e1821919ad8a',
  msg_a2c_0:
    '01100001d47e079b4f9ec1251fc30766bb997c533030276ce1b3aa84c854595efd94e2a8709a033288de89210000000000000000b47aaeee765987944412a4fd67d4df5be2e43a4e5a26fe9b14daddf0be175b87',
  rk_agent: '780ab05f30b740f3a78f038a20fe8f4761b408347ac54c36e6daa9e1590e96fe',
  rk_controller: '93abfd024ede69d9be945131785597c918d433d0bc9b580c2ecbb00ce2b7aa18',
  relay_sig_agent:
    '03cfeefe4e45169f8b1b13467810eab8b7ea030bdb3ec2046edf7fa9d24fb6a645d2ee51cb2f29210a748c33122b3b067c7a252e621a1dda34d34738c2818d02',
  rekey_TH: '6c8a97ed42e88f97a1e6ca2af1a1ca36d54bee8b43fa1df027aaebcaef4d0b1e',
  rekey_rk0: '677d5fe187e05b84ee82cecac33da4cc10554bfec63645a7d9042b85b884107e',
}

const computed = knownAnswers.all?.(new Input(input)) ?? {}
for (const [name, expected] of Object.entries(EXPECTED)) {
  test(`the known answer ${name} is reproduced`, () => assert.equal(computed[name], expected))
}

test('the payload of the known pairing code is reproduced with its secret and without', () => {
  const payload =
    '0100016b49d200df60bd4df531350edb8b8733153afcc24707603053cd336092ba20b7c64d1fbc' +
    '8c3e1deb6bda97d137ef73a6bcb7ab52' +
    '1172656c61792e6578616d706c652e636f6d'
  const { payload: parsed, context } = parsePairingCode(EXPECTED.qr_uri as string, 1_800_000_000_000)
  assert.equal(hex(parsed.pairingSecret), payload.slice(78, 110))
  assert.deepEqual(context, unhex(payload.slice(0, 78) + '00'.repeat(16) + payload.slice(110)))
})
