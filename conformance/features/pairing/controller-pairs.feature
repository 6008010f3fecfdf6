@controller
Feature: A pairing, at the controller
  The controller scans the code of an agent, and shows six digits for the person to type there.

  Background:
    Given a controller under test

  Rule: The controller is paired once the agent says that the digits were typed

    @req:pairing.sas.digits @req:pairing.m1.body @req:pairing.m3.body @req:pairing.controller.confirm @req:pairing.controller.ack
    Scenario: A whole pairing, message by message
      When the agent shows a pairing code
      And the controller scans the code
      Then the controller sends M1
      When the agent answers with M2
      Then the controller sends M3
      And the controller shows the six digits of this pairing
      When the agent sends "pair.complete"
      Then the controller answers with "pair.ack"
      And the controller is paired with the agent
