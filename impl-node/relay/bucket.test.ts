import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bucket } from './bucket.ts'

test('Bucket allows its burst, then its rate', () => {
  let now = 0
  const bucket = new Bucket(10, 20, now)
  const take = () => bucket.take(1, () => now)
  for (let i = 0; i < 20; i++) assert.ok(take())
  assert.equal(take(), false)
  now = 99
  assert.equal(take(), false)
  now = 100
  assert.ok(take())
  assert.equal(take(), false)
})

test('Bucket never saves up more than its burst', () => {
  let now = 0
  const bucket = new Bucket(10, 20, now)
  assert.ok(bucket.take(20, () => now))
  now = 1_000_000
  assert.ok(bucket.take(20, () => now))
  assert.equal(
    bucket.take(1, () => now),
    false,
  )
})

test('Bucket takes nothing where it refuses', () => {
  const bucket = new Bucket(1, 10, 0)
  assert.equal(
    bucket.take(11, () => 0),
    false,
  )
  assert.ok(bucket.take(10, () => 0))
})

test('Bucket asks for the time only when the last filling is used up', () => {
  const bucket = new Bucket(1, 2, 0)
  const never = () => assert.fail('asked for the time')
  bucket.take(1, never)
  bucket.take(1, never)
  assert.throws(() => bucket.take(1, never))
})

test('Bucket is full again when nothing is owed', () => {
  const bucket = new Bucket(10, 10, 0)
  assert.ok(bucket.isFull(0))
  bucket.take(5, () => 0)
  assert.equal(bucket.isFull(499), false)
  assert.ok(bucket.isFull(500))
})
