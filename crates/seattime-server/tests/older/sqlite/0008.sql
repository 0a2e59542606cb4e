-- Emma is enrolled, and never came; Berta is in a group.
INSERT INTO learner (id, tenant, lms_id, name, created_ms) VALUES ('learner-emma', 'default', 'emma', 'Emma', 1700000000000);
INSERT INTO enrolment (learner, course, tenant, made_ms) VALUES ('learner-emma', 'Course', 'default', 1700000000000);
INSERT INTO stale_standing (learner, course, topic, tenant) VALUES ('learner-emma', 'Course', 'topic', 'default');
INSERT INTO learner_group (learner, name, tenant) VALUES ('learner-berta', 'north', 'default');
