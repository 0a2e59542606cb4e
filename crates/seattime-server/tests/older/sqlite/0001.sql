-- Rows as the first version kept them: Anna passed and reported four minutes of the five that were measured, Berta was
-- cut off after five and reported nothing, Carla was launched and never came.
INSERT INTO tenant (id, name, created_ms) VALUES
    ('default', 'default', 1700000000000);
INSERT INTO api_key (hash, tenant, created_ms) VALUES
    ('762c08fc17a1cc5f00d248f8b50f2f2f4d17ff2934ac31e64deacb3f5bb3f2ec', 'default', 1700000000000);
INSERT INTO secret (name, value) VALUES
    ('server_key', '490f77d4c6e47537775c11433d944411b426d6c3b844799dc90943b32c6d8f1e');
INSERT INTO package (tenant, id, title, course, api, created_ms) VALUES
    ('default', 'topic', 'Topic', 'Course', '1.2', 1700000000000);
INSERT INTO activity (package, position, id, title, kind, depth, href, defaults) VALUES
    ('topic', 0, 'item', 'Item', 'sco', 0, 'index.html', '[["cmi.student_data.mastery_score","80"]]');
INSERT INTO package_file (package, path, n, size_bytes) VALUES
    ('topic', 'index.html', 0, 1);
INSERT INTO learner (id, tenant, lms_id, name, created_ms) VALUES
    ('learner-anna', 'default', 'anna', 'Muster, Änna 😀', 1700000000000);
INSERT INTO attempt (learner, id, tenant, course, topic, number, mode, lease, made_ms) VALUES
    ('learner-anna', 'attempt-anna', 'default', 'Course', 'topic', 1, 'continue', 1, 1700000000000);
INSERT INTO launch (learner, id, tenant, attempt, mode, return_url, made_ms, used_ms, code_hash) VALUES
    ('learner-anna', 'launch-anna', 'default', 'attempt-anna', 'continue', NULL, 1700000000000, 1700000000000, 'code-anna');
INSERT INTO visit (learner, id, tenant, attempt, lease, policy, opened_ms, contact_ms, live_ms, acked, is_open, raw, figures) VALUES
    ('learner-anna', 'visit-anna', 'default', 'attempt-anna', 1, '{"idle_limit_ms":300000,"tail_ms":30000,"credit":"corroborated","heartbeat_ms":30000}', 1700000000000, 1700000300000, 1700000300000, 2, 0, '{"stretches":{"0":{"live_start_ms":1700000000000,"wall_start_ms":1700000000000,"human":[[0,0],[200000,200000]],"media":[],"page":[[300000,300000]],"visible":[[0,300000]]}},"sessions":{"1":{"seq":2,"kind":"sco","activity":"item","try_":1,"entry":"ab-initio","state":"terminated","accepted":null,"reported":{"state":"set","ms":240000,"at":[0,300000]},"span":{"0":[[0,300000]]}}},"media":{},"near":[[1699999925000,1700000075000],[1700000225000,1700000375000]]}', '{}');
INSERT INTO value (learner, attempt, activity, try, element, value, lease, seq) VALUES
    ('learner-anna', 'attempt-anna', 'item', 1, 'cmi.core.lesson_status', 'passed', 1, 2);
INSERT INTO value (learner, attempt, activity, try, element, value, lease, seq) VALUES
    ('learner-anna', 'attempt-anna', 'item', 1, 'cmi.core.lesson_location', 'page 7', 1, 1);
INSERT INTO standing (learner, course, topic, tenant, last_ms, row) VALUES
    ('learner-anna', 'Course', 'topic', 'default', 1700000300000, '{"learner":{"id":"anna","name":"Muster, \u00c4nna \ud83d\ude00"},"course":"Course","topic":"Topic","status":"passed","score":null,"time_spent":"0h 4m 0s","time_spent_ms":240000,"provenance":"reported","measured_ms":300000,"reported_ms":240000,"flags":[],"attempts":1,"first_visit_ms":1700000000000,"last_visit_ms":1700000300000,"details":[]}');
INSERT INTO learner (id, tenant, lms_id, name, created_ms) VALUES
    ('learner-berta', 'default', 'berta', 'Berta', 1700000000000);
INSERT INTO attempt (learner, id, tenant, course, topic, number, mode, lease, made_ms) VALUES
    ('learner-berta', 'attempt-berta', 'default', 'Course', 'topic', 1, 'continue', 1, 1700000000000);
INSERT INTO launch (learner, id, tenant, attempt, mode, return_url, made_ms, used_ms, code_hash) VALUES
    ('learner-berta', 'launch-berta', 'default', 'attempt-berta', 'continue', NULL, 1700000000000, 1700000000000, 'code-berta');
INSERT INTO visit (learner, id, tenant, attempt, lease, policy, opened_ms, contact_ms, live_ms, acked, is_open, raw, figures) VALUES
    ('learner-berta', 'visit-berta', 'default', 'attempt-berta', 1, '{"idle_limit_ms":300000,"tail_ms":30000,"credit":"corroborated","heartbeat_ms":30000}', 1700000000000, 1700000300000, 1700000300000, 2, 0, '{"stretches":{"0":{"live_start_ms":1700000000000,"wall_start_ms":1700000000000,"human":[[0,0],[200000,200000]],"media":[],"page":[[300000,300000]],"visible":[[0,300000]]}},"sessions":{"1":{"seq":2,"kind":"sco","activity":"item","try_":1,"entry":"ab-initio","state":"running","accepted":null,"reported":{"state":"unset"},"span":{"0":[[0,300000]]}}}}', '{}');
INSERT INTO value (learner, attempt, activity, try, element, value, lease, seq) VALUES
    ('learner-berta', 'attempt-berta', 'item', 1, 'cmi.core.lesson_status', 'incomplete', 1, 2);
INSERT INTO value (learner, attempt, activity, try, element, value, lease, seq) VALUES
    ('learner-berta', 'attempt-berta', 'item', 1, 'cmi.core.lesson_location', 'page 7', 1, 1);
INSERT INTO standing (learner, course, topic, tenant, last_ms, row) VALUES
    ('learner-berta', 'Course', 'topic', 'default', 1700000300000, '{"learner":{"id":"berta","name":"Berta"},"course":"Course","topic":"Topic","status":"incomplete","score":null,"time_spent":"0h 5m 0s","time_spent_ms":300000,"provenance":"measured","measured_ms":300000,"reported_ms":null,"flags":[],"attempts":1,"first_visit_ms":1700000000000,"last_visit_ms":1700000300000,"details":[]}');
INSERT INTO learner (id, tenant, lms_id, name, created_ms) VALUES
    ('learner-carla', 'default', 'carla', 'Carla', 1700000000000);
INSERT INTO attempt (learner, id, tenant, course, topic, number, mode, lease, made_ms) VALUES
    ('learner-carla', 'attempt-carla', 'default', 'Course', 'topic', 1, 'continue', 0, 1700000000000);
INSERT INTO launch (learner, id, tenant, attempt, mode, return_url, made_ms, used_ms, code_hash) VALUES
    ('learner-carla', 'launch-carla', 'default', 'attempt-carla', 'continue', NULL, 1700000000000, NULL, 'code-carla');
INSERT INTO conflict (learner, attempt, activity, try, element, visit, value, lease, seq) VALUES
    ('learner-berta', 'attempt-berta', 'item', 1, 'cmi.core.lesson_location', 'visit-before', 'page 2', 0, 9);
