from django.urls import path

from . import api, views

urlpatterns = [
    path("agreement/", views.agreement, name="agreement"),
    path("api/agreement/", api.AgreementView.as_view(), name="agreement-data"),
    path("api/agreement.csv", api.AgreementCsvView.as_view(), name="agreement-csv"),
]
