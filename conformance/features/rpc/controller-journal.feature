@controller
Feature: Following the journal
  A controller has each entry once and in order, and says where it has not.

  Background:
    Given a controller under test that is paired with an agent
    And the journal of the agent has 5 entries, which the controller has read

  Rule: After each start of a session the controller reads on behind the newest entry that it has, up to the end

    @req:rpc.journal.catch-up @req:rpc.journal.once
    Scenario: 450 entries in its absence
      When 450 entries come into the journal, and nobody is told
      And the agent asks for a new session, and the controller makes one
      Then the controller calls "journal.subscribe" behind the entry 5, and has the entries up to 455
      And the person is told of nothing missed

  Rule: Each entry is taken once, whether it came live, in a page, or both

    @req:rpc.journal.once @negative
    Scenario: A live event that comes twice, and entries that come live and in a page
      When 1 entry comes into the journal, and the controller is told it live, twice
      Then the controller has the entries up to 6
      When 3 entries come into the journal, and nobody is told
      And the agent asks for a new session, and the controller makes one
      And the controller is told the entries 7 to 9 live before its call is answered
      Then the controller has the entries up to 9
      And the person is told of nothing missed

    @req:rpc.journal.once
    Scenario: Entries that stand for others
      When the controller is told "journal.withheld" and "journal.lost" live
      Then the controller has the entries up to 7, the last two of them "withheld" and "journal.lost"

  Rule: Where a live event was lost, the controller reads on from what it has, and tells the person

    @req:rpc.journal.hole @req:rpc.journal.missed @req:rpc.journal.once
    Scenario: The relay loses two events
      When 3 entries come into the journal, and the controller is told the last of them live
      Then the person is told that the entries from 6 up to 8 are "lost"
      And the controller calls "journal.subscribe" behind the entry 5, and has the entries up to 8
      When 1 entry comes into the journal, and the controller is told it live
      Then the controller has the entries up to 9

  Rule: What is no longer kept, and another journal, are told to the person

    @req:rpc.journal.missed
    Scenario: Entries were pruned
      When 300 entries come into the journal, and nobody is told
      And the agent prunes the entries before 100
      And the agent asks for a new session, and the controller makes one
      Then the person is told that the entries from 6 up to 100 are "pruned"
      And the controller has the entries from 100 up to 305

    @req:rpc.journal.missed @req:rpc.journal.once
    Scenario: The agent has another journal
      When the agent has lost its journal, and has another one with 3 entries
      And the agent asks for a new session, and the controller makes one
      Then the person is told that the journal was "restarted"
      And the controller has the entries up to 3 of the new journal

    @req:rpc.journal.missed
    Scenario: Another epoch comes live
      When the agent has lost its journal, and has another one with 3 entries
      And the controller is told the last of them live
      Then the person is told that the journal was "restarted"
      And the controller has the entries up to 3 of the new journal
