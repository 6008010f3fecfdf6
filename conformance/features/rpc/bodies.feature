@agent
Feature: Bodies
  What is too large for one message travels beside it, in pieces.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: A message that would exceed 65,536 bytes is sent with a reference, before the chunks that it names, and without credit

    @req:rpc.stream.replace @req:rpc.stream.name-first @req:rpc.stream.window
    Scenario: An answer of 100,000 characters
      When the controller gives the prompt "say 100,000 characters"
      Then "claude.message" of the assistant comes with a reference, before its body, and with 100,000 characters

    @req:rpc.stream.replace
    Scenario: A permission request, and a status, with 100,000 characters of input
      When the controller gives the prompt "ask with 100,000 characters of input"
      Then the inputText of the request holds its tool and the very input of the assistant
      And "claude.getStatus" lists the request as pending to each of them
      And both have come with a reference

    @req:rpc.stream.replace
    Scenario: A message that just fits comes whole
      When the controller gives the prompt "say 60,000 characters"
      Then "claude.message" of the assistant comes without a reference

  Rule: A message of the conversation that is too large for a body is sent in several, with nothing left out

    @req:rpc.claude.long
    Scenario: An answer of 2,400,000 bytes
      When the controller gives the prompt "say 400,000 control characters"
      Then the messages of the role "assistant" have 400,000 characters in all, and each a messageId of its own
      And no body has more than 1,048,576 bytes

    @req:rpc.claude.long
    Scenario: A prompt that fills its body
      When the controller gives a prompt whose text fills a body
      Then the controller is answered with a result
      And the messages of the role "user" have 1,048,563 characters in all, and each a messageId of its own
      And the first of them has the messageId of the prompt
      And no body has more than 1,048,576 bytes

  Rule: A body of up to 1,048,576 bytes is accepted, in whatever pieces it comes

    @req:rpc.stream.size @req:rpc.stream.verify
    Scenario: Prompts of different sizes, in different pieces
      Then a prompt of 200,000 bytes is accepted when its body comes so
        | in pieces of 5,000 bytes  |
        | with the last piece first |
        | with every piece twice    |
        | in pieces that overlap    |
      When the controller gives a prompt whose body has 1,048,576 bytes
      Then the controller is answered with a result
      And the assistant has heard 5 prompts

  Rule: A body that contradicts itself, or is not what its reference says, is "interrupted", neither executed nor recorded

    @req:rpc.stream.mismatch @req:rpc.stream.verify
    Scenario: Bodies that are not to be used
      Then a prompt is answered with the error "interrupted" when its body is wrong so
        | has another hash                           |
        | is one byte longer than its reference says |
        | overlaps with other bytes                  |
        | is not JSON                                |
        | is not UTF-8                               |
        | is an array                                |
        | is a text                                  |
      When the controller gives the last prompt under the same id, with the right body
      Then the controller is answered with a result
      And the assistant has heard 1 prompt

  Rule: Of the reference of a repeated command only length and sha256 count

    @req:rpc.command.conflict @req:rpc.command.recorded
    Scenario: A body that is sent again under another streamId is the same command
      When the controller gives a prompt whose body has 70,000 bytes
      Then the controller is answered with a result
      When the controller gives the last prompt under the same id, with the right body
      Then the controller is answered with the recorded response
      And the assistant has heard 1 prompt

  Rule: A body whose length the agent does not accept is "too-large", and its chunks are ignored

    @req:rpc.stream.too-large
    Scenario: A body of a petabyte
      When the controller gives a prompt whose reference speaks of a petabyte
      Then the controller is answered with the error "too-large"
      And the agent still answers the controller
      And the assistant has heard 0 prompts

  Rule: Freshness is judged when the body is complete, by the frame that carried the request

    @req:rpc.stream.fresh
    Scenario: A challenge that grows old while the body arrives
      When the controller gives a prompt whose body takes 130 s to arrive
      Then the controller is answered with the error "stale"
      And the assistant has heard 0 prompts

  Rule: A body without a new byte for 30 s, or whose session ends, is dropped, and its request is "interrupted"

    @req:rpc.stream.stall @req:rpc.stream.interrupted
    Scenario: A piece of the body never comes
      When the controller gives a prompt whose body lacks a piece
      And 31 s have passed
      Then the controller is answered with the error "interrupted"
      When the controller gives the last prompt under the same id, with the right body
      Then the controller is answered with a result
      And the assistant has heard 1 prompt

    @req:rpc.stream.interrupted
    Scenario: The session ends before the body is there
      When the controller gives a prompt whose body lacks a piece
      And the controller makes a new session
      Then the controller is answered with the error "interrupted"
      And the assistant has heard 0 prompts
