@agent
Feature: Output of terminals
  Output is addressed by the number of bytes since the start, so that nobody loses any.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: The offset of a chunk is the number of bytes of output before it

    @req:rpc.terminal.stream-offset
    Scenario: 200,000 bytes follow each other without a hole
      When the controller opens a terminal that says 200,000 bytes
      Then the controller receives the bytes from 0 to 200,000, each at its offset

  Rule: "terminal.attach" gives the output from afterOffset on, or from the oldest byte kept

    @req:rpc.terminal.attach
    Scenario: From the middle, from the beginning, and from the end
      Given a second controller that is paired with it
      And the controller has opened a terminal that has said 10,000 bytes
      When the second controller attaches to the terminal from 4,321
      Then the second controller is answered with the offset 4,321 and without a gap
      And the second controller receives the bytes from 4,321 to 10,000, each at its offset
      When the second controller attaches to the terminal
      Then the second controller is answered with the offset 0 and without a gap
      And the second controller receives the bytes from 0 to 10,000, each at its offset
      When the second controller attaches to the terminal from 10,000
      And the controller lets the program say 500 bytes more
      Then the second controller receives the bytes from 10,000 to 10,500, each at its offset

    @req:rpc.terminal.attach
    Scenario: In a new session, after what was said meanwhile
      Given the controller has opened a terminal that has said 10,000 bytes
      When the controller makes a new session
      And the controller lets the program say 500 bytes more
      And the controller attaches to the terminal from 10,000
      Then the controller receives the bytes from 10,000 to 10,500, each at its offset

  Rule: The newest 1,048,576 bytes are kept, and what is no longer kept is named in gap

    @req:rpc.terminal.ring @req:rpc.terminal.gap @req:rpc.terminal.attach
    Scenario: The beginning of 3,000,000 bytes is gone
      Given a second controller that is paired with it
      And the controller has opened a terminal that has said 3,000,000 bytes
      When the second controller attaches to the terminal from 5
      Then the second controller is answered with a gap from 5 to the oldest byte kept
      And the agent keeps at least the newest 1,048,576 bytes
      And the second controller receives what is kept, each byte at its offset

  Rule: An afterOffset beyond the end is a "conflict" with the end

    @req:rpc.terminal.attach-ahead
    Scenario: One byte beyond the end
      Given the controller has opened a terminal that has said 10,000 bytes
      When the controller asks for the output from 10,001
      Then the controller is answered with the error "conflict" and the end 10,000

  Rule: Attaching again ends the older stream of the same controller, and of no other

    @req:rpc.terminal.attach-replace
    Scenario: Two streams of one controller, and one of another
      Given a second controller that is paired with it
      And the controller has opened a terminal that has said 10,000 bytes
      When the second controller attaches to the terminal
      And the controller attaches to the terminal from 10,000
      And the controller lets the program say 500 bytes more
      Then the controller receives the bytes from 10,000 to 10,500, each at its offset
      And the second controller receives the bytes from 0 to 10,500, each at its offset
      And nothing more comes on the older stream of the controller

  Rule: The first credit of a stream is its offset plus 262,144, and nothing is sent at or beyond the credit

    @req:rpc.credit.initial @req:rpc.credit.limit @negative
    Scenario: Two controllers that grant nothing
      Given a second controller that is paired with it
      When the controller opens a terminal that says 400,000 bytes, and grants nothing
      Then the controller receives the bytes from 0 to 262,144, each at its offset
      When the second controller attaches to the terminal from 100,000, and grants nothing
      Then the second controller receives the bytes from 100,000 to 362,144, each at its offset
      And the controller receives no byte beyond 262,144
      And the second controller receives no byte beyond 362,144

  Rule: "stream.credit" raises the credit, and never lowers it

    @req:rpc.credit.raise @req:rpc.credit.limit @negative
    Scenario: A grant of a few bytes, and a lower one that comes later
      Given the controller has opened a terminal that says 600,000 bytes, and grants nothing
      When the controller grants up to 300,000
      Then the controller receives the bytes from 0 to 300,000, each at its offset
      And the controller receives no byte beyond 300,000
      When the controller grants up to 200,000
      And the controller grants up to 300,010
      Then the controller receives no byte beyond 300,010

    @req:rpc.credit.raise
    Scenario: A lower grant takes nothing back
      Given the controller has opened a terminal that has said 10 bytes
      When the controller grants up to 400,000
      And the controller grants up to 20
      And the controller lets the program say 200,000 bytes more
      Then the controller receives the bytes from 0 to 200,010, each at its offset

    @req:rpc.credit.unknown
    Scenario: A grant for a stream that is not there, and for that of another controller
      Given a second controller that is paired with it
      When the controller opens a terminal that says 1,000 bytes
      And the second controller grants credit to the stream of the controller
      Then the second controller is answered with the error "not-found"
      When the controller grants credit to a stream that there is not
      Then the controller is answered with the error "not-found"

  Rule: A stream whose next byte is no longer kept goes on at the oldest byte kept, and delays nobody meanwhile

    @req:rpc.credit.hole @req:rpc.credit.isolation @negative
    Scenario: Viewers with different speeds
      Given a second controller that is paired with it
      And the controller has opened a terminal that has said 10 bytes
      When the second controller attaches to the terminal from 0, and grants nothing
      And the controller lets it say 3,000,000 bytes more, and takes them in before 10 s have passed
      Then the second controller receives no byte beyond 262,144
      When the second controller, which stood still, grants up to 263,144
      Then the second controller receives a chunk from the oldest byte kept on, and its credit has grown by the hole

  Rule: While there are viewers and none has credit, the output is not read, for at most 10 s

    @req:rpc.credit.stall
    Scenario: The program has to wait, and goes on after 10 s
      Given the controller has opened a terminal that says 2,000,000 bytes, and grants nothing
      Then the output stops well before 2,000,000
      When 11 s have passed
      Then the output reaches its end of 2,000,000

  Rule: While there are no viewers the output is read into the ring

    @req:rpc.credit.no-viewers
    Scenario: The only viewer has begun a new session
      Given the controller has opened a terminal that has said 10 bytes
      When the controller makes a new session
      And the controller lets the program say 1,999,990 bytes more
      Then the output reaches its end of 2,000,000 before 10 s have passed

  Rule: A controller from which no authentic frame came for 60 s is detached

    @req:rpc.credit.silent
    Scenario: A viewer that has fallen silent
      Given the controller has opened a terminal that has said 10 bytes
      And a second controller that is paired with it
      When the controller says nothing for 70 s, and the second controller does
      And the second controller lets the program say 1,999,990 bytes more
      Then the output reaches its end of 2,000,000
      And the controller has no stream any more

    @req:rpc.credit.silent
    Scenario: A viewer that only acknowledges is not silent
      Given the controller has opened a terminal that has said 10,000 bytes
      When the controller sends nothing but acknowledgements for 90 s
      And the controller lets the program say 500 bytes more
      Then the controller receives the bytes from 0 to 10,500, each at its offset

  Rule: A stream that waits for credit or for the window delays no other stream and no message

    @req:rpc.credit.isolation @negative
    Scenario: Another terminal of the same controller
      Given the controller has opened a terminal that says 600,000 bytes, and grants nothing
      When the controller opens a terminal that says 200,000 bytes
      Then the controller receives the bytes from 0 to 200,000, each at its offset

    @req:rpc.credit.isolation @negative
    Scenario: A call while the stream waits for the window
      Given the controller acknowledges nothing
      And the controller has opened a terminal that says 600,000 bytes, and grants nothing
      When the controller calls "agent.info"
      Then the controller is answered with a result
