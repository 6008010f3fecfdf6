@agent @controller
Feature: What is stored
  A pairing outlives its programs, a session need not.

  Rule: A program works without a stored session

    @req:session.store.profile-v
    Scenario: Stopped and started again
      Given a running session
      When the program is stopped and started again with its state
      Then in the end a call is made and answered, in a new session

    @req:session.store.profile-v @req:session.store.atomic
    Scenario: Killed and started again
      Given a running session
      When the program is killed and started again with its state
      Then in the end a call is made and answered, in a new session

  Rule: Its state belongs to one program at a time

    @req:session.store.lock @negative
    Scenario: A second program with the same state
      Given a running session
      When a second program is started with the same state
      Then it does not start, with "state-locked"
      And a call is made and answered

  Rule: What does not open is put aside, and never deleted

    @req:session.store.quarantine @req:session.state.at-rest @negative
    Scenario: What it stored was damaged
      Given a running session
      When the program is stopped, and what it has stored is damaged
      And the program is started again with its state
      Then it reports "state-corrupt"
      And what was damaged is still there

  Rule: What is stored is sealed

    @req:session.state.at-rest @negative
    Scenario: No secret of the pairing stands in the stored state in clear
      Given a running session
      When the program is stopped
      Then neither the pairing key nor a session key stands in what it has stored
