@controller
Feature: Calls of a controller
  A request is repeated under its id until it is answered, whatever the network loses.

  Background:
    Given a controller under test that is paired with an agent

  Rule: A request that is answered "stale" is sent again at once under the same id, with the new challenge

    @req:rpc.request.stale-repeat
    Scenario: A read, and a command
      When the person asks for "agent.info"
      And the agent answers it "stale" with a new challenge
      Then the controller repeats the request at once, with that challenge
      When the agent answers it
      Then the call has succeeded
      When the person asks for "claude.sendMessage"
      And the agent answers it "stale" with a new challenge
      Then the controller repeats the request at once, with that challenge
      When the agent answers it
      Then the call has succeeded

  Rule: A result that does not fit the method's schema is "internal", and nothing of it is used

    @req:rpc.request.result @negative
    Scenario Outline: The result of "<method>" is <result>
      When the person asks for "<method>"
      And the agent answers it with the result <result>
      Then the call has failed with "internal"
      When the person asks for "<method>"
      And the agent answers it
      Then the call has succeeded

      Examples:
        | method             | result                               |
        | agent.info         | {"name": "desk"}                     |
        | device.list        | []                                   |
        | claude.sendMessage | null                                 |
        | claude.sendMessage | {"messageId": 5, "state": "started"} |

  Rule: The answer to a read is awaited for 30 s

    @req:rpc.request.read-timeout
    Scenario: A read that nobody answers
      When the person asks for "agent.info"
      And the agent gets the request, and does not answer
      And 31 s have passed
      Then the call has failed

  Rule: A command that has no answer yet is not reported as failed

    @req:rpc.command.no-timeout @negative
    Scenario: A command that nobody answers for a while
      When the person asks for "claude.sendMessage"
      And the agent gets the request, and does not answer
      And 40 s have passed
      Then the call is still under way
      When the agent answers it
      Then the call has succeeded

    @req:rpc.command.no-timeout
    Scenario Outline: The error "<code>" is an answer
      When the person asks for "claude.sendMessage"
      And the agent answers it with the error "<code>"
      Then the call has failed with "<code>"

      Examples:
        | code                  |
        | busy                  |
        | internal              |
        | assistant-unavailable |

  Rule: A command is not repeated by itself under another commandEpoch, but is "uncertain"

    @req:rpc.command.other-epoch @negative
    Scenario: The agent has lost the ids of its commands
      When the person asks for "claude.sendMessage"
      And the agent gets the request, and does not answer
      And the agent says another commandEpoch
      Then the call has failed with "uncertain"
      And the controller does not repeat the request

  Rule: The present state is asked for after each start of a session

    @req:rpc.event.catch-up
    Scenario: A new session
      When the agent asks for a new session, and the controller makes one
      Then the controller calls "claude.getStatus" and "terminal.list" by itself

  Rule: A message that would exceed 65,536 bytes is sent with a reference, before the chunks that it names, and without credit

    @req:rpc.stream.replace @req:rpc.stream.name-first @req:rpc.stream.window
    Scenario: A prompt of 600,000 bytes, and one that just fits
      When the person gives a prompt of 600,000 bytes
      Then the request comes with a reference, before its body, and the body is right
      When the agent answers it
      Then the call has succeeded
      When the person gives a prompt of 60,000 bytes
      Then the request comes without a reference

  Rule: A request that would need a body of more than 1,048,576 bytes is "too-large", and is not sent

    @req:rpc.stream.most @negative
    Scenario: A prompt of 1,048,576 bytes with its frame, and one of a byte more
      When the person gives a prompt of 1,048,577 bytes
      Then the call has failed with "too-large"
      When the person gives a prompt of 1,048,576 bytes
      Then the request comes with a reference, before its body, and the body is right
      When the agent answers it
      Then the call has succeeded
      And the agent got one prompt

  Rule: A request with a body that is repeated brings its body again, under a new streamId

    @req:rpc.stream.again
    Scenario: The agent says "stale"
      When the person gives a prompt of 70,000 bytes
      Then the request comes with a reference, before its body, and the body is right
      When the agent answers it "stale" with a new challenge
      Then the request comes again under another streamId, and the body is right
      When the agent answers it
      Then the call has succeeded

  Rule: A request with a body that is answered "interrupted" is sent again at once

    @req:rpc.stream.lost @req:rpc.stream.again
    Scenario: The agent says "interrupted"
      When the person gives a prompt of 70,000 bytes
      Then the request comes with a reference, before its body, and the body is right
      When the agent answers it "interrupted"
      Then the request comes again under another streamId, and the body is right
      When the agent answers it
      Then the call has succeeded

  Rule: Bodies of up to 1,048,576 bytes are accepted, and used only when they are whole and have the right hash

    @req:rpc.stream.size @req:rpc.stream.verify
    Scenario: An event of 1,048,576 bytes, in pieces that come in any order
      When the agent sends a "claude.message" whose body of 200,000 bytes comes with the last piece first
      Then the person is told that message
      When the agent sends a "claude.message" whose body has 1,048,576 bytes
      Then the person is told that message

    @req:rpc.stream.verify
    Scenario: A body with another hash, and one that contradicts itself
      When the agent sends a "claude.message" whose body has another hash
      And the agent sends a "claude.message" whose body overlaps with other bytes
      Then the person is told no event

  Rule: A body without a new byte for 30 s is dropped

    @req:rpc.stream.stall
    Scenario: The missing piece comes after 31 s
      When the agent sends a "claude.message" whose body lacks a piece
      And 31 s have passed
      And the agent sends the missing piece
      Then the person is told no event
