@agent @controller
Feature: Sessions that outlive their program
  In profile P the ratchet is stored at each step, so that a restart needs no rekey. What makes that dangerous is a
  copy of an older state: used again, it would use message keys again.

  Rule: A restart goes on with the session

    @req:session.persist.optional @req:session.persist.load
    Scenario: Stopped and started again
      Given a running session that is kept
      When the program is stopped and started again with its state
      Then in the end a call is made and answered, in the same session

    @req:session.persist.before-send @req:session.message.key-once
    Scenario: Killed as soon as something of it has arrived
      Given a running session that is kept
      When the program is killed as soon as a message of it has arrived, and started again, 5 times
      Then in the end a call is made and answered, in the same session
      And no number of a message was used twice

    @req:session.persist.before-deliver @negative
    Scenario: What had its effect before a kill has none after it
      Given a running session that is kept
      When the program is killed as soon as it has acted on a message of its peer, and started again
      And that message arrives once more
      Then the program does not act on it again
      And in the end a call is made and answered, in the same session

    @req:session.persist.load
    Scenario: A message that was overtaken before the restart opens for 10 min after it
      Given a running session that is kept
      When a message of the peer is held back, and a later one arrives
      And 9 min pass, the program is stopped and started again, and 9 min pass
      Then the message that was held back still opens

  Rule: A state is used only where it is known to be the newest

    @req:session.persist.witness @req:session.message.key-once @negative
    Scenario: An older copy of its state was put back
      Given a running session that is kept
      When the program is stopped, and its state is copied
      And the program goes on with its session for a while, and is stopped
      And the copy is put back, and the program started again
      Then in the end a call is made and answered, in a session that was not there before
      And the program has sent nothing in the session of before

    @req:session.persist.witness @negative
    Scenario: The copy of an earlier session was put back
      Given a running session that is kept
      When the program is stopped, and its state is copied
      And the program goes on in another session for a while, and is stopped
      And the copy is put back, and the program started again
      Then in the end a call is made and answered, in a session that was not there before
      And the program has sent nothing in the session of before

    @req:session.persist.witness @negative
    Scenario: Nothing tells that it is the newest
      Given a running session that is kept
      When the program is stopped, and the system no longer knows of its session
      And the program is started again with its state
      Then in the end a call is made and answered, in a session that was not there before
      And the program has sent nothing in the session of before
