@controller
Feature: Terminals at a controller
  A controller shows each byte of output once and in order, and lets the output flow.

  Background:
    Given a controller under test that is paired with an agent

  Rule: Output may come up to 262,144 bytes beyond the offset of the result, and what was taken in is granted anew

    @req:rpc.credit.initial @req:rpc.credit.grant
    Scenario: A megabyte, as far as the credit goes
      Given the person has opened a terminal
      When the agent sends 262,144 bytes of output before any grant
      Then the person is shown the bytes up to 262,144
      When the agent sends output up to 1,048,576, as far as it has credit
      Then the person is shown the bytes up to 1,048,576

  Rule: The result of a "terminal.open" that comes in a later session names no stream of that session

    @req:rpc.terminal.open-again
    Scenario: The session is replaced before the answer
      When the person asks for "terminal.open"
      And the agent gets the request, and does not answer
      And the agent asks for a new session, and the controller makes one
      And the agent answers it with the terminal
      Then the controller calls "terminal.attach" by itself
      When the agent answers it with another stream, and sends 1,000 bytes on that
      Then the person is shown the bytes up to 1,000

  Rule: A "terminal.attach" that was sent twice is answered twice, and only the second stream lives

    @req:rpc.terminal.attach-twice
    Scenario: An agent that answers late, and both times
      When the person attaches to a terminal
      And the agent gets the request, and does not answer
      And the relay cuts the connection of the controller, which comes back
      Then the controller repeats the request
      When the agent answers both, each with another stream
      Then the person is shown 1,000 bytes that come on the stream of the newest answer
