@agent
Feature: A pairing, at the agent
  A controller scans the code, and the person types at the agent what the controller shows.

  Background:
    Given an agent under test

  Rule: The agent is paired once the right digits were typed

    @req:pairing.sas.digits @req:pairing.m2.body @req:pairing.agent.complete
    Scenario: A whole pairing, message by message
      When the agent shows a pairing code
      And the controller scans the code
      And the controller sends M1
      Then the agent answers with M2
      When the controller sends M3
      Then the agent asks for the digits
      When the person types the digits that the controller shows
      Then the agent sends "pair.complete"
      And the agent is paired with the controller
