@agent
Feature: M2, from the agent
  The agent proves who it is, and lets nobody else onto the route of the code any more.

  Background:
    Given an agent under test

  Rule: M2 is made by the layout of its suite, with fresh keys

    @req:pairing.m2.body @req:pairing.wrap.key @req:pairing.identity.device-id @req:pairing.identity.cert @req:pairing.schedule.dh @req:pairing.confirm.mac
    Scenario Outline: M2 in suite <suite>
      Given the controller has scanned the code of the agent
      And the controller supports suite <suite> only
      When the controller sends M1
      Then the agent answers with M2
      And M2 is a frame of <size> bytes

      Examples:
        | suite  | size |
        | 0x0001 | 352  |

    @req:pairing.m2.body @req:pairing.schedule.dh
    Scenario: M2 in suite 0x0002
      Given the controller has scanned the code of the agent
      When the controller sends M1
      Then the agent answers with M2
      And M2 is a frame of 1440 bytes

    @req:pairing.m2.fresh @req:pairing.wrap.salt
    Scenario: Two M2 have no key and no salt in common
      When two controllers pair with the agent, one after the other
      Then their M2 have different keys and different salts

    @req:pairing.identity.epoch-first
    Scenario: The first certificate has the epoch 1
      Given the controller has scanned the code of the agent
      When the controller sends M1
      Then the agent answers with M2
      And the certificate in M2 has the epoch 1

  Rule: After M2 only the controller that sent M1 may use the route

    @negative @req:pairing.m2.rebind
    Scenario: The route is bound for that controller
      Given the controller has scanned the code of the agent
      When the controller sends M1
      Then the agent answers with M2
      And the agent binds the route of the code for the controller
