@controller
Feature: The first answer of a controller

  Rule: The controller begins with one step of the ratchet

    @req:session.init.controller
    Scenario: The controller answers under a ratchet key of its own
      Given a running session
      Then the first message of the controller has opened, under a ratchet key of its own
