SELECT activity, try, element, value FROM value WHERE learner = ?1 AND attempt = ?2
AND element IN ('cmi.core.lesson_status', 'cmi.core.score.raw', 'cmi.core.score.min', 'cmi.core.score.max', 'cmi.core.exit',
                'cmi.completion_status', 'cmi.success_status', 'cmi.progress_measure', 'cmi.score.scaled', 'cmi.score.raw',
                'cmi.score.min', 'cmi.score.max', 'cmi.exit', 'adl.nav.request')
