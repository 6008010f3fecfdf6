@agent
Feature: The journal
  What happened at the agent is kept there, so that whoever was away, or is new, learns of it.

  Background:
    Given an agent under test, with an assistant
    And a controller that is paired with it

  Rule: Each journaled event is an entry, with a seq one more than that of the entry before, and is sent with its place

    @req:rpc.journal.entry @req:rpc.journal.place @req:rpc.journal.page
    Scenario: A turn and a terminal
      When the controller gives the prompt "think, then say hello"
      Then the controller is told that the prompt is "completed"
      When the controller opens a terminal that says 1000 bytes and ends with the exit code 0
      Then the controller is told "terminal.exited" with the exit code 0 and the end 1000
      And "journal.subscribe" tells the controller each event that it was told, in the place that it came with
      And neither "claude.delta" nor "journal.lost" is in the journal

    @req:rpc.journal.entry @req:rpc.journal.epoch
    Scenario: The agent is killed as soon as somebody was told
      When the controller gives the prompt "wait"
      And the agent is killed as soon as the controller is told the state "running", and runs again
      Then the journal has each event that the controller was told before, or another epoch

    @req:rpc.journal.disk
    Scenario: The journal outlives the program
      Given the controller has given the prompt "say hello"
      When the agent is killed, and runs again
      And the controller gives the prompt "say hello"
      Then the controller is told that the prompt is "completed"
      And the journal has the epoch of before, and goes on where it ended

  Rule: What a run that was killed left open has an end in the journal of the next one

    @req:rpc.journal.left-behind @long
    Scenario: The agent is killed while it asks, a prompt waits and a terminal runs
      Given the controller has opened a terminal that runs "cat"
      And the controller has given the prompt "ask"
      And the controller is told the state "needs-answer", and "claude.getStatus" tells the same
      And the controller has given the prompt "say hello"
      When the agent is killed, and runs again
      Then both prompts end as "failed" in the journal, the permission as "orphaned", the terminal as "orphaned", and the state is "idle"
      When the agent is killed, and runs again
      Then nothing has been written to the journal since

  Rule: Instead of an event that is too large for a body "journal.withheld" is sent, and "withheld" is in a page

    @req:rpc.journal.large @negative
    Scenario: A tool whose title is too large
      When the controller gives the prompt "use a tool whose title has 1,100,000 characters"
      Then the assistant then says "Done"
      And the controller is told "journal.withheld" once, in the place of an entry that is "withheld"
      And no body has more than 1,048,576 bytes

  Rule: A controller that lacks the capability of an event is sent "journal.withheld" in its place, and "withheld" in a page

    @req:rpc.journal.stand-in @req:rpc.journal.withheld @req:rpc.event.capability @negative
    Scenario: A terminal, and a controller that may see none
      Given a second controller that may do everything but "terminal"
      And a third controller that may do everything but "observe"
      When the controller opens a terminal that says 1000 bytes and ends with the exit code 0
      Then the controller is told "terminal.exited" with the exit code 0 and the end 1000
      And the second controller is told "journal.withheld" in the place of each event about terminals
      And the third controller is told nothing of devices and of the conversation
      And "journal.subscribe" tells the second controller the same entries, those about terminals as "withheld"

  Rule: "journal.subscribe" reads on behind afterSeq, and back before beforeSeq, at most limit entries at a time

    @req:rpc.journal.page @req:rpc.journal.before
    Scenario: Twenty entries in pages of three
      Given 20 entries of the controller in the journal
      Then the journal that the controller reads in pages of 3 has each entry once
      And the journal that the controller reads backwards in pages of 3 is the same

    @req:rpc.journal.page @long
    Scenario: No limit is asked for
      Given 210 entries of the controller in the journal
      Then a page without a limit has 200 entries

    @req:rpc.journal.size
    Scenario: Entries of 1,400,000 bytes in all
      When the controller gives the prompt "say ten long sentences at once" 7 times, each time after the last was completed
      Then no page of the journal, forwards or backwards, exceeds 1,048,576 bytes
      And the journal that the controller reads in pages of 200 has each entry once

  Rule: Without an epoch come the newest entries, and the present state

    @req:rpc.journal.newest
    Scenario: Somebody who was never there
      Given 20 entries of the controller in the journal
      And the controller has given the prompt "wait"
      And the controller has opened a terminal that runs "cat"
      And a second controller that may do everything but "terminal"
      Then "journal.subscribe" without an epoch tells each of them the 5 newest entries and its snapshot

  Rule: With the epoch of another journal, the present one comes from its beginning

    @req:rpc.journal.other-epoch
    Scenario: The journal of before is gone
      Given 5 entries of the controller in the journal
      Then "journal.subscribe" with another epoch, behind 3 or before 3, tells the journal from its beginning

  Rule: What makes no sense is refused

    @req:rpc.journal.params @negative
    Scenario: Epochs and bounds that do not go together
      Then each of these is answered with the error "invalid-params"
        | method            | params                                          |
        | journal.subscribe | {"afterSeq": 0}                                 |
        | journal.subscribe | {"beforeSeq": 5}                                |
        | journal.subscribe | {"epoch": "some"}                               |
        | journal.subscribe | {"epoch": "some", "afterSeq": 0, "beforeSeq": 5} |

    @req:rpc.journal.ahead
    Scenario: Behind the end
      When the controller calls "journal.subscribe" behind the end of the journal
      Then the controller is answered with the error "conflict" and the end of the journal

  Rule: What was pruned is named in gap

    @req:rpc.journal.gap
    Scenario: A journal of ten entries
      Given an agent under test whose journal keeps 10 entries
      And a controller that is paired with it
      And 20 entries of the controller in the journal
      Then "journal.subscribe" names what was pruned in gap, wherever a page begins with the oldest entry
